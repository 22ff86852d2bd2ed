"""What a process has loaded when it begins its work stays: nobody looks through it for garbage again and again.

Reading ten thousand values makes as many objects, and by default Python stops some dozen times meanwhile to look through
all there are. Source: the standard library's documentation of `gc.freeze` and `gc.set_threshold`.
"""

import gc


def settle() -> None:
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 20)
