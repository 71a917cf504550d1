/*
 * Messages of applications on a host to applications in its VMs. Link with -lhostguestmsg -ljson-c.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef HOSTGUEST_MSG_H
#define HOSTGUEST_MSG_H

#include <sys/un.h>
#include <json-c/json.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Is given the address of the application in the VM, the VM's instance and what is said. All are the library's: who
 * wants to keep the object takes a reference (json_object_get). */
typedef void (*hg_msg_handler_t)(const char *source_addr, const char *source_instance,
                                 struct json_object *jobj_msg);

#define HG_ERRORSIZE 400

typedef struct {
    int sock;                           /* what to wait on */
    struct sockaddr_un svaddr;          /* the agent */
    int svaddrlen;
    char errorbuf[HG_ERRORSIZE];
    hg_msg_handler_t hg_msg_handler;
} hg_info_t;

/* Binds a socket to the abstract address addr, at most 15 characters, unique on this host. Gives the socket, or -1; then
 * *info is NULL or has the text of the error. */
int hg_init(hg_msg_handler_t msg_handler, char *addr, hg_info_t **info);

/* Reads one message, if there is one, and calls the callback. 0, or -1 on error. */
int hg_process_msg(hg_info_t *info);

/* Sends msg, which is JSON without newlines, to an application in a VM. 0, or -1 on error. */
int hg_send_msg(hg_info_t *info, const char *dest_addr, const char *dest_instance, const char *msg);

/* The text of the last error. */
char *hg_get_error(hg_info_t *info);

#ifdef __cplusplus
}
#endif

#endif
