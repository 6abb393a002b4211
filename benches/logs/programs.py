"""What six programs log: templates of their lines, with fields that are drawn at random."""

import random
from collections.abc import Callable, Iterable
from dataclasses import dataclass

Draw = Callable[[random.Random], object]


@dataclass(frozen=True)
class Program:
    """What a program logs: templates with weights, how to draw their fields, and the mean time between two lines.

    `{time}` is the time of the line, `{ms}` its milliseconds. `{node2}` is a second draw of `node`.
    """

    gap_seconds: float
    templates: dict[str, float]
    fields: dict[str, Draw]


def _number(first: int, last: int) -> Draw:
    return lambda rng: rng.randint(first, last)


def _hex(digits: int) -> Draw:
    return lambda rng: f"{rng.getrandbits(4 * digits):0{digits}x}"


def _one_of(values: Iterable[object]) -> Draw:
    choices = list(values)
    return lambda rng: rng.choice(choices)


def _uuid(rng: random.Random) -> str:
    digits = f"{rng.getrandbits(128):032x}"
    return "-".join((digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:]))


def _pool(draw: Draw, size: int) -> Draw:
    """One of `size` values: ids that recur, such as users, hosts and sessions."""
    rng = random.Random(size)
    return _one_of(str(draw(rng)) for _ in range(size))


PROGRAMS = {
    "apache": Program(
        gap_seconds=60,
        templates={
            "[{time:%a %b %d %H:%M:%S %Y}] [notice] jk2_init() Found child {process} in scoreboard slot {slot}": 42,
            "[{time:%a %b %d %H:%M:%S %Y}] [notice] workerEnv.init() ok /srv/web/conf/workers.properties": 28,
            "[{time:%a %b %d %H:%M:%S %Y}] [error] mod_jk child workerEnv in error state {slot}": 27,
            "[{time:%a %b %d %H:%M:%S %Y}] [error] [client {client}] Directory index forbidden by rule: "
            "/srv/web/html/": 2,
            "[{time:%a %b %d %H:%M:%S %Y}] [error] jk2_init() Can't find child {process} in scoreboard": 1,
        },
        fields={
            "process": _number(2_000, 3_000),
            "slot": _number(6, 10),
            "client": lambda rng: ".".join(str(rng.randrange(1, 255)) for _ in range(4)),
        },
    ),
    "hdfs": Program(
        gap_seconds=20,
        templates={
            "{time:%y%m%d %H%M%S} {thread} INFO dfs.DataNode$PacketResponder: PacketResponder {replica} for block "
            "blk_{block} terminating": 16,
            "{time:%y%m%d %H%M%S} {small} INFO dfs.FSNamesystem: BLOCK* NameSystem.addStoredBlock: blockMap updated: "
            "{node}:50010 is added to blk_{block} size {size}": 16,
            "{time:%y%m%d %H%M%S} {thread} INFO dfs.DataNode$PacketResponder: Received block blk_{block} of size "
            "{size} "
            "from /{node}": 15,
            "{time:%y%m%d %H%M%S} {thread} INFO dfs.DataNode$DataXceiver: Receiving block blk_{block} "
            "src: /{node}:{port} dest: /{node}:50010": 15,
            "{time:%y%m%d %H%M%S} {small} INFO dfs.FSDataset: Deleting block blk_{block} "
            "file /data/hdfs/current/subdir{slot}/blk_{block}": 12,
            "{time:%y%m%d %H%M%S} {small} INFO dfs.FSNamesystem: BLOCK* NameSystem.delete: blk_{block} is added to "
            "invalidSet of {node}:50010": 11,
            "{time:%y%m%d %H%M%S} {thread} WARN dfs.DataNode$DataXceiver: {node}:50010:Got exception while serving "
            "blk_{block} to /{node2}:": 5,
            "{time:%y%m%d %H%M%S} {thread} INFO dfs.DataNode$DataXceiver: {node}:50010 Served block blk_{block} to "
            "/{node2}": 5,
            "{time:%y%m%d %H%M%S} {small} INFO dfs.FSNamesystem: BLOCK* NameSystem.allocateBlock: "
            "/user/batch/sort{slot}/_temporary/_task_{job}_m_{task:06}_0/part-{task:05}. blk_{block}": 5,
        },
        fields={
            "small": _number(0, 9),
            "thread": _number(100, 30_000),
            "replica": _number(0, 2),
            "block": lambda rng: rng.getrandbits(64) - 2**63,
            "node": _pool(lambda rng: f"10.20.{rng.randrange(256)}.{rng.randrange(1, 255)}", 200),
            "port": _number(32_768, 60_999),
            "size": _one_of([67_108_864] * 9 + [3_540_917, 233_217]),
            "slot": _number(0, 63),
            "job": lambda rng: f"202603020101_{rng.randint(1, 20):04}",
            "task": _number(0, 2_000),
        },
    ),
    "openssh": Program(
        gap_seconds=3,
        templates={
            "{time:%b %d %H:%M:%S} {host} sshd[{process}]: Received disconnect from {client}: 11: Bye Bye "
            "[preauth]": 21,
            "{time:%b %d %H:%M:%S} {host} sshd[{process}]: Failed password for root from {client} port {port} ssh2": 19,
            "{time:%b %d %H:%M:%S} {host} sshd[{process}]: pam_unix(sshd:auth): authentication failure; logname= uid=0 "
            "euid=0 tty=ssh ruser= rhost={client}  user=root": 20,
            "{time:%b %d %H:%M:%S} {host} sshd[{process}]: pam_unix(sshd:auth): check pass; user unknown": 7,
            "{time:%b %d %H:%M:%S} {host} sshd[{process}]: pam_unix(sshd:auth): authentication failure; logname= uid=0 "
            "euid=0 tty=ssh ruser= rhost={client}": 6,
            "{time:%b %d %H:%M:%S} {host} sshd[{process}]: reverse mapping checking getaddrinfo for {name} [{client}] "
            "failed - POSSIBLE BREAK-IN ATTEMPT!": 5,
            "{time:%b %d %H:%M:%S} {host} sshd[{process}]: Invalid user {user} from {client}": 6,
            "{time:%b %d %H:%M:%S} {host} sshd[{process}]: input_userauth_request: invalid user {user} [preauth]": 6,
            "{time:%b %d %H:%M:%S} {host} sshd[{process}]: Failed password for invalid user {user} from {client} port "
            "{port} ssh2": 7,
            "{time:%b %d %H:%M:%S} {host} sshd[{process}]: Connection closed by {client} [preauth]": 3,
        },
        fields={
            "host": _one_of(["bastion"]),
            "process": _number(24_900, 25_000),
            "client": _pool(lambda rng: ".".join(str(rng.randrange(1, 255)) for _ in range(4)), 8),
            "port": _number(32_768, 60_999),
            "name": _pool(lambda rng: f"static-{rng.randrange(10**9)}.isp.example", 5),
            "user": _one_of(["admin", "oracle", "support", "test", "ubuntu", "git", "0101", "webmaster", "guest"]),
        },
    ),
    "openstack": Program(
        gap_seconds=0.45,
        templates={
            "api.log.{file} {time:%Y-%m-%d %H:%M:%S}.{ms} 25746 INFO nova.osapi_compute.wsgi.server [req-{uuid} {user} "
            '{project} - - -] 10.30.10.1 "GET /v2/{project}/servers/detail HTTP/1.1" status: 200 len: {length} '
            "time: 0.{time_digits}": 35,
            "api.log.{file} {time:%Y-%m-%d %H:%M:%S}.{ms} {worker} INFO nova.metadata.wsgi.server [req-{uuid} - "
            "- - - -] "
            '10.30.21.{octet},10.30.10.1 "GET /openstack/2013-10-17/{document} HTTP/1.1" status: 200 len: {length} '
            "time: 0.{time_digits}": 9,
            "api.log.{file} {time:%Y-%m-%d %H:%M:%S}.{ms} 25746 INFO nova.osapi_compute.wsgi.server [req-{uuid} {user} "
            '{project} - - -] 10.30.10.1 "{verb} /v2/{project}/servers/{instance} HTTP/1.1" status: 204 len: 203 '
            "time: 0.{time_digits}": 6,
            "compute.log.{file} {time:%Y-%m-%d %H:%M:%S}.{ms} 2931 INFO nova.virt.libvirt.imagecache [req-{request} "
            "- - - - -] image {image} at (/var/lib/nova/instances/_base/{base}): {check}": 16,
            "compute.log.{file} {time:%Y-%m-%d %H:%M:%S}.{ms} 2931 INFO nova.virt.libvirt.imagecache [req-{request} "
            "- - - - -] {kind} base files: /var/lib/nova/instances/_base/{base}": 11,
            "compute.log.{file} {time:%Y-%m-%d %H:%M:%S}.{ms} 2931 INFO nova.compute.manager [req-{request} - - - - -] "
            "[instance: {instance}] VM {change} (Lifecycle Event)": 12,
            "compute.log.{file} {time:%Y-%m-%d %H:%M:%S}.{ms} 2931 INFO nova.compute.manager [req-{uuid} {user} "
            "{project} - - -] [instance: {instance}] Took {octet}.{ms} seconds to build instance.": 6,
            "compute.log.{file} {time:%Y-%m-%d %H:%M:%S}.{ms} 2931 INFO nova.virt.libvirt.driver [-] "
            "[instance: {instance}] Instance {done} successfully.": 5,
        },
        fields={
            "file": _one_of(["1.2026-03-02_13:53:08"]),
            "uuid": _uuid,
            "request": _pool(_uuid, 3),
            "user": _pool(_hex(32), 2),
            "project": _pool(_hex(32), 2),
            "instance": _pool(_uuid, 40),
            "image": _pool(_uuid, 2),
            "base": _pool(_hex(40), 2),
            "worker": _number(25_740, 25_799),
            "length": _one_of([1_893, 1_874, 1_910, 1_916, 264, 185]),
            "time_digits": _number(1_000_000, 4_999_999),
            "octet": _number(10, 30),
            "verb": _one_of(["DELETE", "POST", "GET"]),
            "document": _one_of(["meta_data.json", "vendor_data.json", "user_data"]),
            "check": _one_of(
                ["checking", "in use: on this node 1 local, 0 on other nodes sharing this instance storage"]
            ),
            "kind": _one_of(["Active", "Removable"]),
            "change": _one_of(["Resumed", "Started", "Paused", "Stopped"]),
            "done": _one_of(["spawned", "destroyed"]),
        },
    ),
    "spark": Program(
        gap_seconds=0.02,
        templates={
            "{time:%y/%m/%d %H:%M:%S} INFO executor.CoarseGrainedExecutorBackend: Got assigned task {task}": 16,
            "{time:%y/%m/%d %H:%M:%S} INFO executor.Executor: Running task {part}.0 in stage {stage}.0 (TID "
            "{task})": 16,
            "{time:%y/%m/%d %H:%M:%S} INFO executor.Executor: Finished task {part}.0 in stage {stage}.0 (TID {task}). "
            "{bytes} bytes result sent to driver": 16,
            "{time:%y/%m/%d %H:%M:%S} INFO storage.BlockManager: Found block rdd_{stage}_{part} locally": 13,
            "{time:%y/%m/%d %H:%M:%S} INFO python.PythonRunner: Times: total = {took}, boot = {boot}, init = {init}, "
            "finish = 0": 19,
            "{time:%y/%m/%d %H:%M:%S} INFO spark.CacheManager: Partition rdd_{stage}_{part} not found, computing it": 4,
            "{time:%y/%m/%d %H:%M:%S} INFO storage.MemoryStore: Block rdd_{stage}_{part} stored as bytes in memory "
            "(estimated size {took}.0 B, free {free}.{small} KB)": 8,
            "{time:%y/%m/%d %H:%M:%S} INFO rdd.HadoopRDD: Input split: hdfs://10.20.34.11:9000/jobs/in/web.log:"
            "{bytes}+{bytes}": 3,
            "{time:%y/%m/%d %H:%M:%S} INFO output.FileOutputCommitter: Saved output of task "
            "'attempt_202603020101_{stage:04}_m_{part:06}_{task}' to "
            "hdfs://10.20.34.11:9000/jobs/out/{stage}/_temporary/0/"
            "task_202603020101_{stage:04}_m_{part:06}": 2,
            "{time:%y/%m/%d %H:%M:%S} INFO broadcast.TorrentBroadcast: Reading broadcast variable {stage} took "
            "{took} ms": 3,
        },
        fields={
            "small": _number(0, 9),
            "task": _number(0, 1_400),
            "part": _number(0, 39),
            "stage": _number(0, 30),
            "bytes": _one_of([2_128, 2_703, 2_087, 2_223, 7_292, 65_628, 2_364]),
            "took": _number(38, 48),
            "boot": _number(-160, 5),
            "init": _number(30, 200),
            "free": _number(100, 460),
        },
    ),
    "zookeeper": Program(
        gap_seconds=40,
        templates={
            "{time:%Y-%m-%d %H:%M:%S},{ms} - WARN  [SendWorker:{peer}:QuorumCnxManager$SendWorker@679] - Interrupted "
            "while waiting for message on queue": 16,
            "{time:%Y-%m-%d %H:%M:%S},{ms} - INFO  [/10.20.34.{node}:3888:QuorumCnxManager$Listener@493] - Received "
            "connection request /10.20.34.{node2}:{port}": 15,
            "{time:%Y-%m-%d %H:%M:%S},{ms} - WARN  [RecvWorker:{peer}:QuorumCnxManager$RecvWorker@762] - Connection "
            "broken for id {peer}, my id = {small}, error = ": 15,
            "{time:%Y-%m-%d %H:%M:%S},{ms} - WARN  [RecvWorker:{peer}:QuorumCnxManager$RecvWorker@765] - Interrupting "
            "SendWorker": 13,
            "{time:%Y-%m-%d %H:%M:%S},{ms} - WARN  [SendWorker:{peer}:QuorumCnxManager$SendWorker@688] - Send worker "
            "leaving thread": 13,
            "{time:%Y-%m-%d %H:%M:%S},{ms} - WARN  [QuorumPeer[myid={id}]/0:0:0:0:0:0:0:0:2181:QuorumCnxManager@368] - "
            "Cannot open channel to {id2} at election address /10.20.34.{node}:3888": 5,
            "{time:%Y-%m-%d %H:%M:%S},{ms} - INFO  [CommitProcessor:{id}:ZooKeeperServer@595] - Established session "
            "0x{session} with negotiated timeout 20000 for client /10.20.34.{node}:{port}": 4,
            "{time:%Y-%m-%d %H:%M:%S},{ms} - INFO  [NIOServerCxn.Factory:0.0.0.0/0.0.0.0:2181:NIOServerCnxn@1001] - "
            "Closed socket connection for client /10.20.34.{node}:{port} which had sessionid 0x{session}": 8,
            "{time:%Y-%m-%d %H:%M:%S},{ms} - WARN  [NIOServerCxn.Factory:0.0.0.0/0.0.0.0:2181:ZooKeeperServer@793] - "
            "Connection request from old client /10.20.34.{node}:{port}; will be dropped if server is in r-o mode": 6,
            "{time:%Y-%m-%d %H:%M:%S},{ms} - INFO  [ProcessThread(sid:{id} cport:-1)::PrepRequestProcessor@476] - "
            "Processed session termination for sessionid: 0x{session}": 5,
        },
        fields={
            "small": _number(0, 9),
            "peer": _one_of([188_978_561_024, 188_978_561_025]),
            "node": _number(11, 19),
            "port": _number(32_768, 60_999),
            "id": _number(1, 3),
            "session": lambda rng: f"{rng.choice((1, 2, 3))}4ede65503f{rng.getrandbits(16):04x}",
        },
    ),
}
