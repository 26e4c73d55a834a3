/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * conmon: tare-monitor under conmon's command line and protocols, so that podman and CRI-O can use it as theirs (podman --conmon …/tare-monitor).
 *
 *   caller                             monitor                              runtime
 *     |-- a byte on _OCI_STARTPIPE ----->|  (the caller has put it into its cgroup)
 *     |<- first process ends ------------|  second process goes on; --conmon-pidfile names it
 *     |<- {"data":0} on _OCI_ATTACHPIPE -|  exec --exec-attach only: the socket `attach` is there
 *     |-- a byte on _OCI_STARTPIPE ----->|  exec --exec-attach only
 *     |                                  |-- create | restore | exec ---------->|
 *     |<- {"data":PID} on _OCI_SYNCPIPE -|<---------- ended, --container-pidfile is there
 *     |<> packets over `attach`, lines into `ctl` and `winsz` (bundle)
 *     |                                  |  the container's process ends: output drained, exit files written
 *     |<- {"data":CODE} -----------------|  exec only
 *     |                                  |  becomes the exit command
 *
 * {"data":-1,"message":"…"} says that the runtime failed. The caller itself starts and deletes the container. What is not said here is as in life.h,
 * whose modules (pump, clients, logfile, stdio, oom) do the work. Facts: conmon(8), inventory of its versions up to 2.2.1.
 */

/* The whole program. Returns the exit status. */
int conmon_main(int argc, char **argv);

/* What --version prints: the version whose command line this is, as podman looks for it, and ours. */
extern const char conmon_version_text[];
