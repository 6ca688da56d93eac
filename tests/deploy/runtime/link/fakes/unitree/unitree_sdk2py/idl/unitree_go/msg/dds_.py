"""Messages with the fields of unitree_go, as far as the link knows them."""

from types import SimpleNamespace as Fields


class LowCmd_(Fields):  # noqa: N801
    pass


class LowState_(Fields):  # noqa: N801
    pass


class SportModeState_(Fields):  # noqa: N801
    pass


def low_cmd():
    motor = dict.fromkeys(("mode", "q", "dq", "tau", "kp", "kd"), 0)
    return LowCmd_(
        head=[0, 0], level_flag=0, frame_reserve=0, sn=[0, 0], version=[0, 0], bandwidth=0,
        motor_cmd=[Fields(**motor, reserve=[0, 0, 0]) for _ in range(20)],
        bms_cmd=Fields(off=0, reserve=[0, 0, 0]), wireless_remote=[0] * 40, led=[0] * 12,
        fan=[0, 0], gpio=0, reserve=0, crc=0,
    )  # fmt: skip


def low_state():
    numbers = ("q", "dq", "ddq", "tau_est", "q_raw", "dq_raw", "ddq_raw")
    motor = {"mode": 1, **dict.fromkeys(numbers, 0.0), "temperature": 30, "lost": 0}
    motors = [Fields(**motor, reserve=[0, 0]) for _ in range(20)]
    return LowState_(
        head=[0xFE, 0xEF], level_flag=0xFF, frame_reserve=0, sn=[0, 0], version=[0, 0],
        bandwidth=0, imu_state=imu(), motor_state=motors,
        bms_state=Fields(
            version_high=1, version_low=2, status=8, soc=90, current=-1500, cycle=12,
            bq_ntc=[30, 31], mcu_ntc=[32, 33], cell_vol=[4000 + i for i in range(15)],
        ),
        foot_force=[10, -2, 30, 40], foot_force_est=[0, 0, 0, 0], tick=0,
        wireless_remote=[0] * 40, bit_flag=4, adc_reel=0.5, temperature_ntc1=40,
        temperature_ntc2=41, power_v=28.5, power_a=1.25, fan_frequency=[1, 2, 3, 4], reserve=0,
        crc=0,
    )  # fmt: skip


def sport_mode_state():
    return SportModeState_(imu_state=imu(), position=[0.0, 0.0, 0.3], velocity=[0.0, 0.0, 0.0])


def imu():
    return Fields(
        quaternion=[1.0, 0.0, 0.0, 0.0], gyroscope=[0.0, 0.0, 0.0],
        accelerometer=[0.0, 0.0, 9.81], rpy=[0.0, 0.0, 0.0], temperature=60,
    )  # fmt: skip
