"""The curator's page in a browser and a REST API: `otclass serve`, extra ``otclass[web]``."""

from otclass.web.app import create_app, serve

__all__ = ["create_app", "serve"]
