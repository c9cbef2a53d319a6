/* Remote I/O on libmodbus: four tables and no program. Standard input sets inputs, standard output tells of coils.
 *
 * input N V   discrete input N          word N V   input register N
 * Prints "listening PORT", "coil N V" and "register N V" for each change, "ok" after each order.
 */
#include <modbus.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <arpa/inet.h>
#include <netinet/in.h>

int main(void)
{
    modbus_t *bus = modbus_new_tcp("127.0.0.1", 0);
    modbus_mapping_t *map = modbus_mapping_new(64, 64, 16, 16);
    int listener = modbus_tcp_listen(bus, 1);
    struct sockaddr_in here;
    socklen_t size = sizeof here;
    if (!map || listener < 0 || getsockname(listener, (struct sockaddr *)&here, &size) < 0)
        return 1;
    setvbuf(stdout, NULL, _IOLBF, 0);
    printf("listening %d\n", ntohs(here.sin_port));
    uint8_t coils[64] = {0};
    uint16_t words[16] = {0};
    int connection = -1;
    for (;;) {
        struct pollfd ready[3] = {{0, POLLIN, 0}, {listener, POLLIN, 0}, {connection, POLLIN, 0}};
        if (poll(ready, 3, -1) < 0)
            return 1;
        if (ready[0].revents) {
            char line[64], what[16];
            int at, value;
            if (!fgets(line, sizeof line, stdin))
                return 0;
            if (sscanf(line, "%15s %d %d", what, &at, &value) == 3 && at >= 0 && at < 16) {
                if (!strcmp(what, "input"))
                    map->tab_input_bits[at] = value != 0;
                else
                    map->tab_input_registers[at] = (uint16_t)value;
            }
            puts("ok");
        }
        if (ready[1].revents) {
            if (connection >= 0)
                close(connection);
            connection = modbus_tcp_accept(bus, &listener);
        } else if (connection >= 0 && ready[2].revents) {
            uint8_t query[MODBUS_TCP_MAX_ADU_LENGTH];
            int length = modbus_receive(bus, query);
            if (length > 0)
                modbus_reply(bus, query, length, map);
            else if (length < 0) {
                close(connection);
                connection = -1;
            }
            for (int n = 0; n < 64; n++)
                if (coils[n] != map->tab_bits[n])
                    printf("coil %d %d\n", n, coils[n] = map->tab_bits[n]);
            for (int n = 0; n < 16; n++)
                if (words[n] != map->tab_registers[n])
                    printf("register %d %d\n", n, words[n] = map->tab_registers[n]);
        }
    }
}
