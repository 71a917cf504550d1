/*
 * Messages between the VMs of a server group. Link with -lservergroup. For one thread and one application of a VM.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SERVER_GROUP_H
#define SERVER_GROUP_H

#ifdef __cplusplus
extern "C" {
#endif

/* Longest message that is sure to pass, in bytes. */
#define MAX_MSG_DATA_LEN 3050

/* Another member, "instance-xxxxxxxx", says something. */
typedef void (*sg_broadcast_msg_handler_t)(char *source_instance, void *msg, unsigned short msglen);

/* Something happened to a member: JSON text, which need not end with NUL. */
typedef void (*sg_notification_msg_handler_t)(void *msg, unsigned short msglen);

/* How all members are: the text of a JSON array, which need not end with NUL. */
typedef void (*sg_status_msg_handler_t)(void *msg, unsigned short msglen);

/* Becomes a member. Gives the socket to wait on, or -1. Each callback may be NULL. */
int init_sg(sg_broadcast_msg_handler_t broadcast_handler,
            sg_notification_msg_handler_t notification_handler,
            sg_status_msg_handler_t status_handler);

/* Reads one message, if there is one, and calls the callback. 0, or -1 on error. */
int process_sg_msg();

/* Says something to all other members: a string without newlines. len is not used. 0, or -1 on error. */
int sg_msg_broadcast(void *msg, unsigned int len);

/* Asks how all members are; a question without its answer yet is given up. 0, or -1 on error. */
int sg_request_status();

/* The text of the last error. */
char *sg_get_error();

#ifdef __cplusplus
}
#endif

#endif
