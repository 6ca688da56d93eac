class Float64MultiArray:
    def __init__(self):
        self.data = []
