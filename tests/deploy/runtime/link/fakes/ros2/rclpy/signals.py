class SignalHandlerOptions:
    NO = "no signal handlers"
