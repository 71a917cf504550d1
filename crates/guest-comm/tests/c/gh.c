/* An application in a VM: what libguesthostmsg does, line by line. Ends when it is sent {"stop":...}. */
#include <cgcs/guest_host_msg.h>
#include <poll.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static struct json_object *kept;
static int stop;

static void handler(const char *source_addr, struct json_object *message)
{
    struct json_object *ignored;
    printf("from %s: %s\n", source_addr, json_object_to_json_string_ext(message, JSON_C_TO_STRING_PLAIN));
    stop = json_object_object_get_ex(message, "stop", &ignored);
    kept = json_object_get(message);
}

int main(void)
{
    gh_info_t *info = NULL, *other = NULL;
    alarm(120);
    setvbuf(stdout, NULL, _IOLBF, 0);
    printf("layout %zu: %zu %zu %zu %zu %zu\n", sizeof(gh_info_t), offsetof(gh_info_t, sock),
           offsetof(gh_info_t, svaddr), offsetof(gh_info_t, svaddrlen), offsetof(gh_info_t, errorbuf),
           offsetof(gh_info_t, gh_msg_handler));
    int fd = gh_init(handler, "my.app", &info);
    printf("init %s\n", fd >= 0 && fd == info->sock ? "ok" : gh_get_error(info));
    printf("agent @%s, length %d\n", info->svaddr.sun_path + 1, info->svaddrlen);
    printf("init again %d: ", gh_init(handler, "my.app", &other));
    printf("%s\n", gh_get_error(other));
    free(other);
    printf("nothing there %d\n", gh_process_msg(info));
    printf("send %d\n", gh_send_msg(info, "host.app", "{'path': \"a/b\", \"n\": [1, 2.50, null]}"));
    int rc = gh_send_msg(info, "host.app", "nonsense");
    printf("send nonsense %d: %s\n", rc, gh_get_error(info));
    printf("null %d %d %d\n", gh_process_msg(NULL), gh_send_msg(NULL, "a", "{}"), gh_init(NULL, "a", NULL));
    while (!stop) {
        struct pollfd ready = {.fd = fd, .events = POLLIN};
        poll(&ready, 1, -1);
        if (gh_process_msg(info) != 0)
            printf("error: %s\n", gh_get_error(info));
    }
    printf("kept %s\n", json_object_to_json_string_ext(kept, JSON_C_TO_STRING_PLAIN));
    close(fd);
    rc = gh_process_msg(info);
    printf("closed %d: %s\n", rc, gh_get_error(info));
    return 0;
}
