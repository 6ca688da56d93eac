class Context:
    started = False

    def ok(self):
        return self.started
