#!/bin/bash
# Consoles of Linux guests, both ways.
exec "${0%/*}/run" console
