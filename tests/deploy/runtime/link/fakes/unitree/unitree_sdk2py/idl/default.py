from unitree_sdk2py.idl.unitree_go.msg.dds_ import low_cmd


def unitree_go_msg_dds__LowCmd_():  # noqa: N802
    return low_cmd()
