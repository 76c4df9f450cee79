"""What tools/crashtest.py is made of."""
