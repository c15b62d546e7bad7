"""The app of the requests and the loss benchmarks, and how gunicorn runs it with each recorder."""
