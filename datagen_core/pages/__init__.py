"""Pages of HTML that need no other file: parts, charts, pictures, and the frame around them."""
