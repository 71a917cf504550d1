/*
 * libguest_heartbeat_api: an application in a VM takes part in the heartbeat of the VM, in votes and notifications.
 *
 *   1. guest_heartbeat_api_initialize with three callbacks
 *   2. guest_heartbeat_api_register; GUEST_API_TRY_AGAIN while guest-client does not run
 *   3. poll guest_heartbeat_api_get_selobj, and guest_heartbeat_api_dispatch when it is readable
 *   4. when register_state(false) is called, register again
 *   5. guest_heartbeat_api_deregister, guest_heartbeat_api_finalize
 *
 * One connection in a process; call from one thread at a time. Callbacks run inside guest_heartbeat_api_dispatch.
 * Link with -lguest_common_api -lguest_heartbeat_api.
 */
#ifndef GUEST_HEARTBEAT_API_H
#define GUEST_HEARTBEAT_API_H

#include <stdbool.h>

#include "guest_api_types.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Sizes with the NUL. */
#define GUEST_HEARTBEAT_API_APPLICATION_NAME_MAX 40
#define GUEST_HEARTBEAT_API_LOG_MAX 192

/* What is done with the VM when the application fails. */
typedef enum {
    GUEST_HEARTBEAT_API_ACTION_UNKNOWN,
    GUEST_HEARTBEAT_API_ACTION_NONE,
    GUEST_HEARTBEAT_API_ACTION_REBOOT,
    GUEST_HEARTBEAT_API_ACTION_STOP,
    GUEST_HEARTBEAT_API_ACTION_LOG,
    GUEST_HEARTBEAT_API_ACTION_MAX,
} GuestHeartbeatApiActionT;

/* What is about to happen to the VM, or has happened. */
typedef enum {
    GUEST_HEARTBEAT_API_EVENT_UNKNOWN,
    GUEST_HEARTBEAT_API_EVENT_STOP,
    GUEST_HEARTBEAT_API_EVENT_REBOOT,
    GUEST_HEARTBEAT_API_EVENT_SUSPEND,
    GUEST_HEARTBEAT_API_EVENT_PAUSE,
    GUEST_HEARTBEAT_API_EVENT_UNPAUSE,
    GUEST_HEARTBEAT_API_EVENT_RESUME,
    GUEST_HEARTBEAT_API_EVENT_RESIZE_BEGIN,
    GUEST_HEARTBEAT_API_EVENT_RESIZE_END,
    GUEST_HEARTBEAT_API_EVENT_LIVE_MIGRATE_BEGIN,
    GUEST_HEARTBEAT_API_EVENT_LIVE_MIGRATE_END,
    GUEST_HEARTBEAT_API_EVENT_COLD_MIGRATE_BEGIN,
    GUEST_HEARTBEAT_API_EVENT_COLD_MIGRATE_END,
    GUEST_HEARTBEAT_API_EVENT_MAX,
} GuestHeartbeatApiEventT;

/* Whether it may be refused. */
typedef enum {
    GUEST_HEARTBEAT_API_NOTIFY_TYPE_UNKNOWN,
    GUEST_HEARTBEAT_API_NOTIFY_TYPE_REVOCABLE,
    GUEST_HEARTBEAT_API_NOTIFY_TYPE_IRREVOCABLE,
    GUEST_HEARTBEAT_API_NOTIFY_TYPE_MAX,
} GuestHeartbeatApiNotifyTypeT;

/* The answer: accept or reject a vote, complete a notification. */
typedef enum {
    GUEST_HEARTBEAT_API_VOTE_RESULT_UNKNOWN,
    GUEST_HEARTBEAT_API_VOTE_RESULT_ACCEPT,
    GUEST_HEARTBEAT_API_VOTE_RESULT_REJECT,
    GUEST_HEARTBEAT_API_VOTE_RESULT_COMPLETE,
    GUEST_HEARTBEAT_API_VOTE_RESULT_MAX,
} GuestHeartbeatApiVoteResultT;

/* What an application tells of itself. The interval is at least 400 ms. */
typedef struct {
    char application_name[GUEST_HEARTBEAT_API_APPLICATION_NAME_MAX];
    int heartbeat_interval_ms;
    int vote_secs;
    int shutdown_notice_secs;
    int suspend_notice_secs;
    int resume_notice_secs;
    GuestHeartbeatApiActionT corrective_action;
} GuestHeartbeatApiInitDataT;

/* The application is watched, or no more. */
typedef void (*GuestHeartbeatApiRegisterStateCallbackT)(bool registered);

/* Called for each heartbeat. All well unless it says otherwise; log_msg has room for GUEST_HEARTBEAT_API_LOG_MAX. */
typedef void (*GuestHeartbeatApiHealthCheckCallbackT)(
    bool* health, GuestHeartbeatApiActionT* corrective_action, char log_msg[]);

/* To be answered with guest_heartbeat_api_send_action_response. */
typedef void (*GuestHeartbeatApiActionNotifyCallbackT)(
    int invocation_id, GuestHeartbeatApiEventT event, GuestHeartbeatApiNotifyTypeT notify_type);

typedef struct {
    GuestHeartbeatApiRegisterStateCallbackT register_state;
    GuestHeartbeatApiHealthCheckCallbackT health_check;
    GuestHeartbeatApiActionNotifyCallbackT action_notify;
} GuestHeartbeatApiCallbacksT;

extern const char* guest_heartbeat_api_action_str(GuestHeartbeatApiActionT action);
extern const char* guest_heartbeat_api_event_str(GuestHeartbeatApiEventT event);
extern const char* guest_heartbeat_api_notify_str(GuestHeartbeatApiNotifyTypeT notify);
extern const char* guest_heartbeat_api_vote_result_str(GuestHeartbeatApiVoteResultT vote_result);

extern GuestApiErrorT guest_heartbeat_api_initialize(GuestHeartbeatApiCallbacksT* callbacks);
extern GuestApiErrorT guest_heartbeat_api_register(GuestHeartbeatApiInitDataT* init_data);
extern GuestApiErrorT guest_heartbeat_api_deregister(char log_msg[]);
extern GuestApiErrorT guest_heartbeat_api_send_action_response(
    int invocation_id, GuestHeartbeatApiEventT event, GuestHeartbeatApiNotifyTypeT notify_type,
    GuestHeartbeatApiVoteResultT vote_result, char log_msg[]);
extern int guest_heartbeat_api_get_selobj(void);
extern void guest_heartbeat_api_dispatch(int selobj);
extern GuestApiErrorT guest_heartbeat_api_finalize(void);

#ifdef __cplusplus
}
#endif

#endif
