"""How learners are scored: open loop, closed loop, decoding; and statistics over runs and tasks."""
