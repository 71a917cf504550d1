/*
 * Messages of applications in a VM to applications on its host. Link with -lguesthostmsg -ljson-c.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef GUESTHOST_MSG_H
#define GUESTHOST_MSG_H

#include <sys/un.h>
#include <json-c/json.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Is given the address of the application on the host and what it says. Both are the library's: who wants to keep the
 * object takes a reference (json_object_get). */
typedef void (*gh_msg_handler_t)(const char *source_addr, struct json_object *jobj_msg);

#define GH_ERRORSIZE 400

typedef struct {
    int sock;                           /* what to wait on */
    struct sockaddr_un svaddr;          /* the agent */
    int svaddrlen;
    char errorbuf[GH_ERRORSIZE];
    gh_msg_handler_t gh_msg_handler;
} gh_info_t;

/* Binds a socket to the abstract address addr, at most 15 characters, unique in this VM. Gives the socket, or -1; then
 * *info is NULL or has the text of the error. */
int gh_init(gh_msg_handler_t msg_handler, char *addr, gh_info_t **info);

/* Reads one message, if there is one, and calls the callback. 0, or -1 on error. */
int gh_process_msg(gh_info_t *info);

/* Sends msg, which is JSON without newlines, to an application on the host. 0, or -1 on error. */
int gh_send_msg(gh_info_t *info, const char *dest_addr, const char *msg);

/* The text of the last error. */
char *gh_get_error(gh_info_t *info);

#ifdef __cplusplus
}
#endif

#endif
