#!/usr/bin/env bash
# A line whose name has a dot is not seen by who subscribes to all lines with a plus sign at the broker ActiveMQ Artemis.
#
# Packages: org.apache.activemq:artemis-server@2.40.0, org.apache.activemq:artemis-mqtt-protocol@2.40.0 (Maven Central),
#   paho-mqtt==2.1.0 (PyPI), a Java of 11 or newer, Maven
# Guess: + stands for one level, and only / divides levels (MQTT 3.1.1, 4.7.1): line/+/state has line/10.0.0.4/state. Artemis translates
#   MQTT's wildcards into its own, so its manual says, with that meaning, and needs no setting for MQTT.
# Behaviour: a level with a dot, where Artemis divides addresses of its own, does not match a plus, neither of what is published nor of
#   what is retained; #, and the name itself, match. IP addresses, versions, EPC URIs and host names are such levels.
# Seen: 2026-11-30, Debian 12, OpenJDK 17.0.15, Maven 3.8.7, Python 3.11.7

. "$(dirname "$0")/_tools"
pip_packages paho-mqtt==2.1.0
cat >pom.xml <<'XML'
<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
  <groupId>finding</groupId><artifactId>finding</artifactId><version>1</version>
  <dependencies>
    <dependency><groupId>org.apache.activemq</groupId><artifactId>artemis-server</artifactId><version>2.40.0</version></dependency>
    <dependency><groupId>org.apache.activemq</groupId><artifactId>artemis-mqtt-protocol</artifactId><version>2.40.0</version></dependency>
  </dependencies>
</project>
XML
mvn -q -B org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy-dependencies -DoutputDirectory=lib >maven.log 2>&1
cat >Broker.java <<'JAVA'
import org.apache.activemq.artemis.core.config.impl.ConfigurationImpl;
import org.apache.activemq.artemis.core.server.embedded.EmbeddedActiveMQ;

public class Broker {
    public static void main(String[] port) throws Exception {
        ConfigurationImpl asked = new ConfigurationImpl();
        asked.setPersistenceEnabled(false).setSecurityEnabled(false);
        asked.addAcceptorConfiguration("mqtt", "tcp://127.0.0.1:" + port[0] + "?protocols=MQTT");
        EmbeddedActiveMQ broker = new EmbeddedActiveMQ();
        broker.setConfiguration(asked);
        broker.start();
        System.out.println("ready");
        System.in.readAllBytes();
        broker.stop();
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

    def until(self, text):
        """Every message up to the one of this text, which is left out."""
        while (message := self.came.get(timeout=60)).payload.decode() != text:
            yield message


site = Client("site")
for number, (topic_filter, topic, end) in enumerate([
    ("line/+/state", "line/3/state", "line/4/state"),
    ("line/+/state", "line/10.0.0.4/state", "line/4/state"),
    ("line/10.0.0.4/+", "line/10.0.0.4/state", "line/10.0.0.4/end"),
    ("line/#", "line/10.0.0.4/state", "line/4/state"),
    ("spBv1.0/+/NBIRTH/+", "spBv1.0/hall.2/NBIRTH/line3", "spBv1.0/hall3/NBIRTH/line3"),
]):
    reader = Client(f"reader {number}")
    reader.subscribe(topic_filter, 1)
    site.publish(topic, "running")
    site.publish(end, "the end")
    print(f"{topic_filter} has {topic}: {bool(list(reader.until('the end')))}")
broker.stdin.close()
broker.wait()
PYTHON

still_seen <<'SEEN'
line/+/state has line/3/state: True
line/+/state has line/10.0.0.4/state: False
line/10.0.0.4/+ has line/10.0.0.4/state: True
line/# has line/10.0.0.4/state: True
spBv1.0/+/NBIRTH/+ has spBv1.0/hall.2/NBIRTH/line3: False
SEEN
