/*
 * UNIX stream sockets that never block.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef __GUEST_API_UNIX_H__
#define __GUEST_API_UNIX_H__

#include "guest_api_types.h"

#ifdef __cplusplus
extern "C" {
#endif

extern GuestApiErrorT guest_api_unix_open(int* s);

/* TRY_AGAIN when nobody listens at this path. */
extern GuestApiErrorT guest_api_unix_connect(int s, char* address);

/* TRY_AGAIN when the other end is closed. */
extern GuestApiErrorT guest_api_unix_send(int s, void* msg, int msg_size);

/* OKAY and a size of 0 when the other end is closed. */
extern GuestApiErrorT guest_api_unix_receive(int s, void* msg_buf, int msg_buf_size, int* msg_size);

extern GuestApiErrorT guest_api_unix_close(int s);

#ifdef __cplusplus
}
#endif

#endif
