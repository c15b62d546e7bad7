"""The WSGI entry point, `cruddur.wsgi:app`. Importing it reads the environment and builds the app."""

import os

from cruddur import logs, settings
from cruddur.app import create_app

_settings = settings.load(os.environ)
logs.configure(_settings.log_level)
app = create_app(_settings)
