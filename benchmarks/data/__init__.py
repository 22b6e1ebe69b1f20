"""Data sets for other people's libraries: episodes for Minari, few-shot tasks as Parquet with a data card."""
