"""How synthetic tasks are drawn: their parameters, sizes, models and features."""
