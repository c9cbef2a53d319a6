#!/usr/bin/env bash
# A retained order is handed out by the broker Moquette as one that was given this moment.
#
# Packages: io.moquette:moquette-broker@0.17 (Maven Central), paho-mqtt==2.1.0 (PyPI), a Java of 11 or newer, Maven
# Guess: what a broker sends since it was retained, because somebody subscribes, has its retain flag (MQTT 3.1.1, 3.3.1.3, MQTT-3.3.1-8). By it a
#   line that has started anew knows an order of yesterday from one of now, and does not carry it out again.
# Behaviour: the flag is there only where the delivery is of QoS 0. With QoS 1 and 2, which one takes for orders, it never is.
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
    def __init__(self, name):
        self.came, self.subscribed, connected = queue.Queue(), queue.Queue(), queue.Queue()
        self.client = mqtt.Client(mqtt.CallbackAPIVersion.VERSION2, name, protocol=mqtt.MQTTv311)
        self.client.on_connect = lambda *_: connected.put(True)
        self.client.on_subscribe = lambda *_: self.subscribed.put(True)
        self.client.on_message = lambda _client, _data, message: self.came.put(message)
        self.client.connect("127.0.0.1", PORT)
        self.client.loop_start()
        connected.get(timeout=60)

    def subscribe(self, topic_filter, qos):
        self.client.subscribe(topic_filter, qos)
        self.subscribed.get(timeout=60)

    def publish(self, topic, text, qos=1, retain=False):
        self.client.publish(topic, text, qos, retain).wait_for_publish(60)


site = Client("site")
for qos in (1, 2):
    site.publish(f"line3/order{qos}", "start", qos, retain=True)
for qos in (0, 1, 2):
    line = Client(f"line {qos}")
    line.subscribe("line3/#", qos)
    messages = [line.came.get(timeout=60) for _ in range(2)]
    told = sorted((message.topic, message.qos, message.retain) for message in messages)
    print(f"subscribed with QoS {qos}:", "; ".join(f"{topic} by QoS {by}, retain {retain}" for topic, by, retain in told))
broker.stdin.close()
broker.wait()
PYTHON

still_seen <<'SEEN'
subscribed with QoS 0: line3/order1 by QoS 0, retain True; line3/order2 by QoS 0, retain True
subscribed with QoS 1: line3/order1 by QoS 1, retain False; line3/order2 by QoS 1, retain False
subscribed with QoS 2: line3/order1 by QoS 1, retain False; line3/order2 by QoS 2, retain False
SEEN
