/*
 * A buffer in which messages are found by their delimiter. Its user reads into it: at end_ptr, at most avail bytes, and
 * then adds what was read to end_ptr and size and takes it from avail.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef __GUEST_API_STREAM_H__
#define __GUEST_API_STREAM_H__

#include <stdbool.h>

#include "guest_api_types.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct {
    char* delimiter;
    int delimiter_size;
    char* end_ptr;
    char* bytes;
    int avail;
    int size;
    int max_size;
} GuestApiStreamT;

/* Index of the last byte of the first delimiter, or -1. */
extern int guest_api_stream_get(GuestApiStreamT* stream);

/* Drops what lies before the first delimiter; without one drops everything and gives false. */
extern bool guest_api_stream_get_next(GuestApiStreamT* stream);

/* Drops adv bytes. */
extern void guest_api_stream_advance(int adv, GuestApiStreamT* stream);

/* Drops everything. */
extern void guest_api_stream_reset(GuestApiStreamT* stream);

extern GuestApiErrorT guest_api_stream_setup(const char* delimiter, int delimiter_size, int stream_size,
                                             GuestApiStreamT* stream);
extern GuestApiErrorT guest_api_stream_release(GuestApiStreamT* stream);

#ifdef __cplusplus
}
#endif

#endif
