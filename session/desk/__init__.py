"""What a visitor has: pages and documents. The one process that knows them; `python -m session.desk`."""
