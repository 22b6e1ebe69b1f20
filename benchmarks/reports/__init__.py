"""What is made of finished runs: tables, plots, videos, inspection."""
