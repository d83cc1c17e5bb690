"""A disk whose power can be cut: an ext4 file system in a file. What was not synced is gone, as after a real cut. Needs root and loop devices."""
import array
import fcntl
import os
import shutil
import signal
import subprocess
import time

EXT4_IOC_SHUTDOWN = 0x8004587D   # _IOR('X', 125, __u32)
NO_LOG_FLUSH = 2
IMAGE_BYTES = 512 << 20


def why_not():
    """Why power cannot be cut here; empty when it can."""
    if os.geteuid() != 0:
        return "not root"
    for tool in ("mkfs.ext4", "mount", "losetup"):
        if shutil.which(tool) is None:
            return "no " + tool
    if subprocess.run(["losetup", "-f"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=False).returncode != 0:
        return "no loop device"
    return ""


def freeze(pid, seconds):
    os.kill(pid, signal.SIGSTOP)
    time.sleep(seconds)
    os.kill(pid, signal.SIGCONT)


def hold(pid):
    """Stops a process and waits until none of its threads is in the kernel any more."""
    os.kill(pid, signal.SIGSTOP)
    end = time.monotonic() + 60  # A sync that is under way on a busy disk may take long.
    while time.monotonic() < end:
        try:
            states = [open("/proc/%d/task/%s/stat" % (pid, task), encoding="ascii", errors="replace").read().rsplit(")", 1)[1].split()[0] for task in os.listdir("/proc/%d/task" % pid)]
        except FileNotFoundError:  # A thread that ended meanwhile.
            continue
        if all(state in "TZ" for state in states):
            return
        time.sleep(0.0005)
    raise RuntimeError("the bridge could not be stopped")


class Disk:
    def __init__(self, folder):
        os.makedirs(folder)
        self.image, self.mount_point = os.path.join(folder, "image"), os.path.join(folder, "mnt")
        os.mkdir(self.mount_point)
        with open(self.image, "wb") as f:
            f.truncate(IMAGE_BYTES)
        self.run("mkfs.ext4", "-q", "-F", self.image)
        self.mount()

    @staticmethod
    def run(*command):
        done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
        if done.returncode != 0:
            raise RuntimeError("%s gave %d: %s" % (command[0], done.returncode, done.stdout.strip()))

    def mount(self):
        self.run("mount", "-o", "loop", self.image, self.mount_point)

    def cut(self, stop, bury):
        """Cuts the power, buries who ran on it, and mounts again.

        The processor stops with the disk, so `stop` stops the processes first. Otherwise the call itself lies: an fdatasync that is under way while it
        is made may return 0 for what is thrown away (a bare append and fdatasync loop lost its last one in 2 of 60 cuts, in 0 of 60 when stopped)."""
        stop()
        fd = os.open(self.mount_point, os.O_RDONLY)
        fcntl.ioctl(fd, EXT4_IOC_SHUTDOWN, array.array("I", [NO_LOG_FLUSH]))
        os.close(fd)
        bury()
        self.run("umount", self.mount_point)
        self.mount()

    def close(self):
        for _ in range(20):
            if subprocess.run(["umount", self.mount_point], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False).returncode == 0:
                return
            time.sleep(0.1)
