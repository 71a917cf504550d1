/*
 * Errors of the guest API libraries. Link with -lguest_common_api.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef __GUEST_API_TYPES_H__
#define __GUEST_API_TYPES_H__

#ifdef __cplusplus
extern "C" {
#endif

typedef enum {
    GUEST_API_OKAY,
    GUEST_API_FAILED,
    GUEST_API_INTERRUPTED,
    GUEST_API_TRY_AGAIN,
} GuestApiErrorT;

/* Its name. */
extern const char* guest_api_error_str(GuestApiErrorT error);

#ifdef __cplusplus
}
#endif

#endif
