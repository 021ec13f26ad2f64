"""Pictures of what generators made: contact sheets and heat maps."""
