"""Pods as real containers, through the Docker Engine's API."""
