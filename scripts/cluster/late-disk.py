#!/usr/bin/python3
"""A shared disk as a host sees it over a network: late-disk.py FOLDER MOUNT SECONDS [BYTES]

Shows FOLDER at MOUNT. The names in a folder are those that it had when the host last looked, at most SECONDS ago, as
with the caches of NFS: what others put there or rename is not seen until then, also where it is asked for by its name,
and what they took away is still listed, but cannot be opened. What the host itself does it sees at once. Contents are
never old. With BYTES, all that see this mount together write so many a second at most. Needs Debian's python3-fusepy, and root.
"""

import errno
import os
import sys
import time

from fusepy import FUSE, FuseOSError, Operations


class LateDisk(Operations):
    use_ns = True

    def __init__(self, folder, seconds, rate):
        self.folder, self.seconds, self.rate = folder, seconds, rate
        self.looked = {}

    def real(self, path):
        return self.folder + path

    def names(self, path):
        """Names in a folder as the host knows them."""
        when, names = self.looked.get(path, (None, None))
        if when is None or time.monotonic() - when > self.seconds:
            names = set(os.listdir(self.real(path)))
            self.looked[path] = (time.monotonic(), names)
        return names

    def know(self, path, there):
        """Notes what the host itself did to a name."""
        folder, name = os.path.split(path)
        names = self.names(folder)
        names.add(name) if there else names.discard(name)
        if not there:
            for known in [k for k in self.looked if k == path or k.startswith(path + "/")]:
                del self.looked[known]

    def see(self, path):
        """The real place of a name that the host knows."""
        folder, name = os.path.split(path)
        if path != "/" and name not in self.names(folder):
            raise FuseOSError(errno.ENOENT)
        return self.real(path)

    def make(self, path, how):
        """Makes a name; that it is there already is learned at once, as the server says so."""
        try:
            return how(self.real(path))
        finally:
            self.know(path, os.path.lexists(self.real(path)))

    def getattr(self, path, fh=None):
        stat = os.fstat(fh) if fh is not None else os.lstat(self.see(path))
        wanted = "mode ino dev nlink uid gid size blocks atime_ns mtime_ns ctime_ns"
        return {f"st_{key.removesuffix('_ns')}": getattr(stat, f"st_{key}") for key in wanted.split()}

    def readdir(self, path, fh):
        self.see(path)
        return [".", "..", *sorted(self.names(path))]

    def statfs(self, path):
        stat = os.statvfs(self.real(path))
        return {key: getattr(stat, key) for key in dir(stat) if key.startswith("f_") and key != "f_fsid"}

    def open(self, path, flags):
        return os.open(self.see(path), flags)

    def create(self, path, mode, fi=None):
        return self.make(path, lambda real: os.open(real, os.O_RDWR | os.O_CREAT | os.O_EXCL, mode))

    def read(self, path, size, offset, fh):
        return os.pread(fh, size, offset)

    def write(self, path, data, offset, fh):
        # One request is served at a time, so all wait.
        time.sleep(len(data) / self.rate)
        return os.pwrite(fh, data, offset)

    def truncate(self, path, length, fh=None):
        os.truncate(self.see(path) if fh is None else fh, length)

    def fsync(self, path, datasync, fh):
        os.fsync(fh)

    def release(self, path, fh):
        os.close(fh)

    def rename(self, old, new):
        os.rename(self.see(old), self.real(new))
        self.know(old, False)
        self.know(new, True)

    def link(self, target, source):
        self.make(target, lambda real: os.link(self.see(source), real))

    def symlink(self, target, source):
        self.make(target, lambda real: os.symlink(source, real))

    def readlink(self, path):
        return os.readlink(self.see(path))

    def unlink(self, path):
        os.unlink(self.see(path))
        self.know(path, False)

    def mkdir(self, path, mode):
        self.make(path, lambda real: os.mkdir(real, mode))

    def rmdir(self, path):
        os.rmdir(self.see(path))
        self.know(path, False)

    def chmod(self, path, mode):
        os.chmod(self.see(path), mode)

    def chown(self, path, uid, gid):
        os.chown(self.see(path), uid, gid)

    def utimens(self, path, times=None):
        os.utime(self.see(path), ns=times)


if __name__ == "__main__":
    folder, mount, seconds, *rate = sys.argv[1:]
    disk = LateDisk(os.path.realpath(folder), float(seconds), float(*rate) if rate else float("inf"))
    # The kernel keeps nothing itself: what is late is late by the class above.
    FUSE(disk, mount, nothreads=True, hard_remove=False, use_ino=True, nonempty=True,
         entry_timeout=0, negative_timeout=0, attr_timeout=0, ac_attr_timeout=0)
