/*
 * A sample of an application that takes part in the heartbeat of its VM.
 *
 *   sample-guest-app [--name NAME] [--corrective-action reboot|stop|log]
 *
 * Files let it play along, NAME being its name:
 *   /tmp/NAME_unhealthy             it feels ill until the file is gone
 *   /tmp/NAME_event_timeout         it does not answer
 *   /tmp/NAME_vote_no_to_EVENT      it votes against stop, reboot, suspend (and pause), resize, migrate
 */
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "guest_heartbeat_api.h"

static char name[GUEST_HEARTBEAT_API_APPLICATION_NAME_MAX] = "sample-guest-app";
static GuestHeartbeatApiActionT action = GUEST_HEARTBEAT_API_ACTION_REBOOT;
static volatile sig_atomic_t ended;
static bool registered;

static void end(int signal_number)
{
    (void)signal_number;
    ended = 1;
}

static bool flagged(const char* what)
{
    char path[128];
    snprintf(path, sizeof(path), "/tmp/%s_%s", name, what);
    return access(path, F_OK) == 0;
}

static void register_state(bool state)
{
    registered = state;
    printf("%s\n", state ? "registered" : "not registered");
}

static void health_check(bool* health, GuestHeartbeatApiActionT* corrective_action, char log_msg[])
{
    *health = !flagged("unhealthy");
    *corrective_action = *health ? GUEST_HEARTBEAT_API_ACTION_NONE : action;
    snprintf(log_msg, GUEST_HEARTBEAT_API_LOG_MAX, "%s", *health ? "" : "the flag file says so");
}

/* The last part of the name of the file that votes against an event; NULL for those after the fact. */
static const char* group(GuestHeartbeatApiEventT event)
{
    switch (event) {
    case GUEST_HEARTBEAT_API_EVENT_STOP:
        return "stop";
    case GUEST_HEARTBEAT_API_EVENT_REBOOT:
        return "reboot";
    case GUEST_HEARTBEAT_API_EVENT_SUSPEND:
    case GUEST_HEARTBEAT_API_EVENT_PAUSE:
        return "suspend";
    case GUEST_HEARTBEAT_API_EVENT_RESIZE_BEGIN:
        return "resize";
    case GUEST_HEARTBEAT_API_EVENT_LIVE_MIGRATE_BEGIN:
    case GUEST_HEARTBEAT_API_EVENT_COLD_MIGRATE_BEGIN:
        return "migrate";
    default:
        return NULL;
    }
}

static void action_notify(int invocation_id, GuestHeartbeatApiEventT event, GuestHeartbeatApiNotifyTypeT notify_type)
{
    GuestHeartbeatApiVoteResultT vote = GUEST_HEARTBEAT_API_VOTE_RESULT_COMPLETE;
    char log_msg[GUEST_HEARTBEAT_API_LOG_MAX] = "";

    printf("%s %s\n", guest_heartbeat_api_notify_str(notify_type), guest_heartbeat_api_event_str(event));
    if (flagged("event_timeout"))
        return;
    if (notify_type == GUEST_HEARTBEAT_API_NOTIFY_TYPE_REVOCABLE) {
        char what[64] = "";
        vote = GUEST_HEARTBEAT_API_VOTE_RESULT_ACCEPT;
        if (group(event) != NULL)
            snprintf(what, sizeof(what), "vote_no_to_%s", group(event));
        if (what[0] != '\0' && flagged(what)) {
            vote = GUEST_HEARTBEAT_API_VOTE_RESULT_REJECT;
            snprintf(log_msg, sizeof(log_msg), "%s says no", name);
        }
    }
    guest_heartbeat_api_send_action_response(invocation_id, event, notify_type, vote, log_msg);
}

int main(int argc, char* argv[])
{
    GuestHeartbeatApiCallbacksT callbacks = {register_state, health_check, action_notify};
    GuestHeartbeatApiInitDataT data;
    char goodbye[] = "exiting";

    for (int i = 1; i + 1 < argc; ++i) {
        if (strcmp(argv[i], "--name") == 0)
            snprintf(name, sizeof(name), "%s", argv[++i]);
        else if (strcmp(argv[i], "--corrective-action") == 0) {
            const char* wanted = argv[++i];
            for (int value = GUEST_HEARTBEAT_API_ACTION_REBOOT; value < GUEST_HEARTBEAT_API_ACTION_MAX; ++value)
                if (strcmp(wanted, guest_heartbeat_api_action_str(value)) == 0)
                    action = value;
        }
    }
    setvbuf(stdout, NULL, _IOLBF, 0);
    signal(SIGTERM, end);
    signal(SIGINT, end);
    signal(SIGPIPE, SIG_IGN);
    if (guest_heartbeat_api_initialize(&callbacks) != GUEST_API_OKAY)
        return 1;

    memset(&data, 0, sizeof(data));
    memcpy(data.application_name, name, sizeof(name));
    data.heartbeat_interval_ms = 1000;
    data.vote_secs = 8;
    data.shutdown_notice_secs = 5;
    data.suspend_notice_secs = 5;
    data.resume_notice_secs = 5;
    data.corrective_action = action;

    while (!ended) {
        struct pollfd fd = {guest_heartbeat_api_get_selobj(), POLLIN, 0};
        if (fd.fd < 0) {
            /* guest-client may not run yet, or run again. */
            if (guest_heartbeat_api_register(&data) != GUEST_API_OKAY)
                sleep(1);
            continue;
        }
        if (poll(&fd, 1, 1000) > 0)
            guest_heartbeat_api_dispatch(fd.fd);
    }
    guest_heartbeat_api_deregister(goodbye);
    guest_heartbeat_api_finalize();
    return 0;
}
