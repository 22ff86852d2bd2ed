"""What happened at Lakeside Outdoor."""
