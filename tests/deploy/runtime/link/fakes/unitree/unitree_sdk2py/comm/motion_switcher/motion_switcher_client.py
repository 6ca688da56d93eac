ANSWER = [0, {"form": "0", "name": ""}]


class MotionSwitcherClient:
    def SetTimeout(self, timeout):  # noqa: N802
        self.timeout = timeout

    def Init(self):  # noqa: N802
        pass

    def CheckMode(self):  # noqa: N802
        assert self.timeout > 0
        return tuple(ANSWER)
