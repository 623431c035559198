/*
 * Bytes over libzmq PUB/SUB, nothing around it: what the transport itself carries.
 *
 *   pubsub pub MESSAGES BYTES SUBSCRIBERS PORT
 *   pubsub sub MESSAGES PORT...            (MESSAGES of each publisher)
 *
 * Says "ready", then (pub) "connected" when all subscribers are there; begins at the first line that
 * comes in, says "sent NS" or "received NS BYTES" (monotonic clock) and ends when its input ends.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <zmq.h>

static void fail(const char *what)
{
    fprintf(stderr, "%s: %s\n", what, zmq_strerror(zmq_errno()));
    exit(1);
}

static long long now(void)
{
    struct timespec at;
    clock_gettime(CLOCK_MONOTONIC, &at);
    return at.tv_sec * 1000000000LL + at.tv_nsec;
}

static void say(const char *text)
{
    puts(text);
    fflush(stdout);
}

static void wait_for_line(void)
{
    char line[16];
    if (!fgets(line, sizeof line, stdin)) exit(0);
}

static void wait_for_end(void)
{
    char byte;
    while (read(STDIN_FILENO, &byte, 1) > 0) {
    }
}

static void publish(void *context, long messages, size_t bytes, long subscribers, const char *port)
{
    /* XPUB tells of subscriptions; without drops a full queue makes it wait, which is flow control. */
    void *socket = zmq_socket(context, ZMQ_XPUB);
    int on = 1, none = 0;
    char address[64], subscription[64];
    char *message = calloc(1, bytes);
    if (!socket || !message) fail("start");
    zmq_setsockopt(socket, ZMQ_XPUB_NODROP, &on, sizeof on);
    zmq_setsockopt(socket, ZMQ_XPUB_VERBOSE, &on, sizeof on);
    snprintf(address, sizeof address, "tcp://127.0.0.1:%s", port);
    if (zmq_bind(socket, address)) fail("bind");
    say("ready");
    for (long count = 0; count < subscribers; count++)
        if (zmq_recv(socket, subscription, sizeof subscription, 0) < 0) fail("subscription");
    say("connected");
    wait_for_line();
    long long started = now();
    for (long count = 0; count < messages; count++)
        if (zmq_send(socket, message, bytes, 0) < 0) fail("send");
    printf("sent %lld\n", started);
    fflush(stdout);
    wait_for_end();
    zmq_setsockopt(socket, ZMQ_LINGER, &none, sizeof none);
    free(message);
    zmq_close(socket);
}

static void subscribe(void *context, long messages, char **ports, int count)
{
    void *socket = zmq_socket(context, ZMQ_SUB);
    char address[64];
    uint64_t bytes = 0;
    zmq_msg_t message;
    if (!socket) fail("start");
    zmq_setsockopt(socket, ZMQ_SUBSCRIBE, "", 0);
    for (int index = 0; index < count; index++) {
        snprintf(address, sizeof address, "tcp://127.0.0.1:%s", ports[index]);
        if (zmq_connect(socket, address)) fail("connect");
    }
    say("ready");
    zmq_msg_init(&message);
    for (long received = 0; received < messages * count; received++) {
        if (zmq_msg_recv(&message, socket, 0) < 0) fail("receive");
        bytes += zmq_msg_size(&message);
    }
    printf("received %lld %llu\n", now(), (unsigned long long)bytes);
    fflush(stdout);
    zmq_msg_close(&message);
    wait_for_end();
    zmq_close(socket);
}

int main(int count, char **words)
{
    void *context = zmq_ctx_new();
    if (count == 6 && !strcmp(words[1], "pub"))
        publish(context, atol(words[2]), (size_t)atol(words[3]), atol(words[4]), words[5]);
    else if (count > 3 && !strcmp(words[1], "sub"))
        subscribe(context, atol(words[2]), words + 3, count - 3);
    else
        return 2;
    zmq_ctx_term(context);
    return 0;
}
