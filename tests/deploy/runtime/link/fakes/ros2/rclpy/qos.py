class ReliabilityPolicy:
    RELIABLE = "reliable"
    BEST_EFFORT = "best effort"


class HistoryPolicy:
    KEEP_LAST = "keep last"


class QoSProfile:
    def __init__(self, *, history, depth, reliability):
        self.history, self.depth, self.reliability = history, depth, reliability
