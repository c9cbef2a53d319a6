#!/usr/bin/env bash
# A line whose will says that it is offline stays online for everybody who asks the broker Moquette later.
#
# Packages: io.moquette:moquette-broker@0.17 (Maven Central), paho-mqtt==2.1.0 (PyPI), a Java of 11 or newer, Maven
# Guess: a will with its retain flag is published as a retained message (MQTT 3.1.1, 3.1.2.7, MQTT-3.1.2-17). So a line publishes "online"
#   retained, leaves the will "offline" retained, and who subscribes at any time learns which of both is true.
# Behaviour: the will reaches those who are subscribed, but it is not retained, at any QoS. Who subscribes later is told "online", hours after the
#   line has lost its power, or nothing where nothing had been retained.
# Seen: 2026-11-30, Debian 12, OpenJDK 17.0.15, Maven 3.8.7, Python 3.11.7

. "$(dirname "$0")/_tools"
pip_packages paho-mqtt==2.1.0
cat >pom.xml <<'XML'
<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
  <groupId>finding</groupId><artifactId>finding</artifactId><version>1</version>
  <dependencies>
    <dependency><groupId>io.moquette</groupId><artifactId>moquette-broker</artifactId><version>0.17</version></dependency>
  </dependencies>
</project>
XML
mvn -q -B org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy-dependencies -DoutputDirectory=lib >maven.log 2>&1
cat >Broker.java <<'JAVA'
import io.moquette.broker.Server;
import io.moquette.broker.config.MemoryConfig;
import java.util.Properties;

public class Broker {
    public static void main(String[] port) throws Exception {
        Properties asked = new Properties();
        asked.setProperty("host", "127.0.0.1");
        asked.setProperty("port", port[0]);
        asked.setProperty("persistence_enabled", "false");
        asked.setProperty("telemetry_enabled", "false");
        Server broker = new Server();
        broker.startServer(new MemoryConfig(asked));
        System.out.println("ready");
        System.in.readAllBytes();
        System.exit(0);
    }
}
JAVA
"$python" -I - >"$saw" <<'PYTHON'
import queue
import socket
import subprocess

import paho.mqtt.client as mqtt

with socket.create_server(("127.0.0.1", 0)) as free:
    PORT = free.getsockname()[1]
broker = subprocess.Popen(
    ["java", "-cp", "lib/*", "Broker.java", str(PORT)],
    stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
)
while broker.stdout.readline() != "ready\n":
    assert broker.poll() is None


class Client:
    def __init__(self, name, will=None):
        self.came, self.subscribed, connected = queue.Queue(), queue.Queue(), queue.Queue()
        self.client = mqtt.Client(mqtt.CallbackAPIVersion.VERSION2, name, protocol=mqtt.MQTTv311)
        self.client.on_connect = lambda *_: connected.put(True)
        self.client.on_subscribe = lambda *_: self.subscribed.put(True)
        self.client.on_message = lambda _client, _data, message: self.came.put(message)
        if will:
            self.client.will_set(*will)
        self.client.connect("127.0.0.1", PORT)
        self.client.loop_start()
        connected.get(timeout=60)

    def subscribe(self, topic_filter, qos):
        self.client.subscribe(topic_filter, qos)
        self.subscribed.get(timeout=60)

    def publish(self, topic, text, qos=1, retain=False):
        self.client.publish(topic, text, qos, retain).wait_for_publish(60)

    def until(self, text):
        """Every message up to the one of this text, which is left out."""
        while (message := self.came.get(timeout=60)).payload.decode() != text:
            yield message


line = Client("line", will=("line3/state", "offline", 1, True))
line.publish("line3/state", "online", retain=True)
here = Client("here")
here.subscribe("line3/state", 1)
told = [here.came.get(timeout=60).payload.decode()]
line.client.socket().shutdown(socket.SHUT_RDWR)
line.client.loop_stop()
told.append(here.came.get(timeout=60).payload.decode())
print("who was subscribed:", ", ".join(told))
later = Client("later")
later.subscribe("line3/state", 1)
here.publish("line3/state", "the end")
print("who subscribes now:", ", ".join(message.payload.decode() for message in later.until("the end")))
broker.stdin.close()
broker.wait()
PYTHON

still_seen <<'SEEN'
who was subscribed: online, offline
who subscribes now: online
SEEN
