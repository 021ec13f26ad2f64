"""Pages of HTML from templates; `base.html` has the frame, `macros.html` tables and pictures."""
