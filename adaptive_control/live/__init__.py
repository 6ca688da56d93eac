"""The live page: see a robot plan, break it and tune it, in the browser, while it runs."""
