/* The sorter of plc/st, translated to C, with a floor and a Modbus server around it. LW_C names the translated text.
 *
 * As a library: st_start, st_seq, st_known, st_scan for one scan at a time.
 * As a program, with -DSERVER: Modbus TCP on loopback by libmodbus, UP at holding register 0 and DOWN at 200, a scan every
 * millisecond, one client after the other. First line on stdout: "listening PORT". Ends with its stdin.
 */
#include LW_C

void st_start(uint16_t session, uint16_t epoch, uint32_t lanes) {
    LW_Conveyor_v = (LW_Conveyor_t){.state = 6, .session = session, .keptEpoch = epoch};
    for (uint32_t lane = 1; lane <= lanes; lane++) LW_Conveyor_v.line.lane_mm.at[lane] = 2000 + 500 * lane;
    LW_Conveyor_v.line.decision_mm = 1500;
    LW_Conveyor_v.line.reach_mm = 800;
    LW_Conveyor_v.line.defaultLane = lanes;
    LW_Conveyor(); /* the first scan, with nothing in DOWN */
}

/* The next event and the next command have these sequences. */
void st_seq(uint16_t event, uint16_t command) {
    LW_Conveyor_v.box.head = LW_Conveyor_v.box.acked = (uint16_t)(event - 1);
    LW_Conveyor_v.box.newest = LW_Conveyor_v.box.seen = (uint16_t)(event - 1);
    LW_Conveyor_v.box.done = (uint16_t)(command - 1);
}

/* One scan; lane_eye 0: no eye in a lane sees anything. */
void st_scan(const uint16_t *down, uint16_t *up, uint32_t now, uint32_t state, uint32_t induct, uint32_t moved_mm,
             uint32_t lane_eye) {
    LW_Conveyor_t *me = &LW_Conveyor_v;
    for (int i = 0; i < 74; i++) me->down.at[i] = down[i];
    me->now = now;
    me->state = state;
    me->inductionEye = induct != 0;
    me->moved_mm = moved_mm;
    me->laneEyes = (LW_Flags){0};
    if (lane_eye) me->laneEyes.at[lane_eye] = true;
    LW_Conveyor();
    for (int i = 0; i < 104; i++) up[i] = me->up.at[i];
}

uint32_t st_diverts(uint32_t lane) { return LW_Conveyor_v.divert.at[lane]; }

#ifdef SERVER
#include <modbus.h>
#include <netinet/in.h>
#include <stdio.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

static int64_t now_us(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

int main(void) {
    modbus_t *server = modbus_new_tcp("127.0.0.1", 0);
    modbus_mapping_t *map = modbus_mapping_new(0, 0, 512, 0);
    struct sockaddr_in at = {0};
    socklen_t size = sizeof at;
    int listener = server ? modbus_tcp_listen(server, 1) : -1, client = -1;
    if (!map || listener < 0 || getsockname(listener, (struct sockaddr *)&at, &size)) return 1;
    st_start(7, 0, 24);
    printf("listening %u\n", ntohs(at.sin_port));
    fflush(stdout);
    for (int64_t due_us = now_us();;) {
        struct timeval wait = {0, due_us > now_us() ? (suseconds_t)(due_us - now_us()) : 0};
        fd_set ready;
        FD_ZERO(&ready);
        FD_SET(STDIN_FILENO, &ready);
        FD_SET(client < 0 ? listener : client, &ready);
        if (select((client > listener ? client : listener) + 1, &ready, NULL, NULL, &wait) > 0) {
            char byte;
            if (FD_ISSET(STDIN_FILENO, &ready) && read(STDIN_FILENO, &byte, 1) <= 0) return 0;
            if (client < 0 && FD_ISSET(listener, &ready)) client = modbus_tcp_accept(server, &listener);
            else if (client >= 0 && FD_ISSET(client, &ready)) {
                uint8_t query[MODBUS_TCP_MAX_ADU_LENGTH];
                int length = modbus_receive(server, query);
                if (length > 0) modbus_reply(server, query, length, map);
                else if (length < 0) {
                    close(client);
                    client = -1;
                }
            }
        }
        if (now_us() >= due_us) {
            due_us = now_us() + 1000;
            st_scan(map->tab_registers + 200, map->tab_registers, (uint32_t)(now_us() / 1000), 6, 0, 0, 0);
        }
    }
}
#endif
