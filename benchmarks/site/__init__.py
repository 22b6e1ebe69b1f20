"""The leaderboard as a page that needs no server: what was published, and one's own runs beside it."""
