"""Ports: defaults, settings, and a taken one."""

import socket

import pytest
from guichet_local.ports import HIGHEST, OFFSETS, Ports, PortSettingError, free_ports


class TestTheDefaults:
    def test_the_gateway_the_demo_site_and_the_services_are_where_the_documents_say(self) -> None:
        ports = Ports.from_environment({})
        names = ("gateway", "demo-site", "chat-1", "chat-2", "requests", "rabbitmq", "mongodb", "s3")
        assert [ports[name] for name in names] == [8080, 8081, 18001, 18002, 18011, 18100, 18110, 18120]

    def test_none_can_be_taken_by_an_outgoing_connection(self) -> None:
        ports = Ports.from_environment({})
        assert max(ports[name] for name in OFFSETS) <= HIGHEST


class TestTheSettings:
    def test_the_demo_site_follows_the_gateway(self) -> None:
        ports = Ports.from_environment({"GUICHET_PORT": "9000"})
        assert (ports["gateway"], ports["demo-site"]) == (9000, 9001)

    def test_the_base_moves_all_others(self) -> None:
        assert Ports.from_environment({"GUICHET_PORT_BASE": "20000"})["chat-2"] == 20002

    def test_each_can_be_moved_alone(self) -> None:
        ports = Ports.from_environment({"GUICHET_PORT_BASE": "20000", "GUICHET_PORT_S3_MASTER": "9333"})
        assert (ports["s3-master"], ports["s3"]) == (9333, 20120)

    @pytest.mark.parametrize("value", ["0", "65536", "http", "-1", "80.5"])
    def test_what_is_not_a_port_is_refused_by_the_settings_name(self, value: str) -> None:
        with pytest.raises(PortSettingError, match=f"GUICHET_PORT={value} is not a port"):
            Ports.from_environment({"GUICHET_PORT": value})

    def test_the_same_port_twice_is_refused_with_both_names(self) -> None:
        with pytest.raises(PortSettingError, match="change GUICHET_PORT or GUICHET_PORT_MONGODB"):
            Ports.from_environment({"GUICHET_PORT": "18110"})


class TestATakenPort:
    def test_it_is_found_with_its_purpose_and_its_setting(self) -> None:
        with socket.socket() as other:
            other.bind(("127.0.0.1", 0))
            other.listen()
            number = other.getsockname()[1]
            taken = Ports.from_environment({"GUICHET_PORT_MAILER": str(number)}).taken()
        assert [(port.purpose, port.setting) for port in taken if port.number == number] == [
            ("the mailer service", "GUICHET_PORT_MAILER")
        ]

    def test_free_ports_are_free_and_low_enough(self) -> None:
        ports = Ports.free()
        assert ports.taken() == []
        assert ports["s3-admin-grpc"] <= HIGHEST

    def test_free_ports_are_given_once_though_nobody_listens_there_yet(self) -> None:
        given = [number for count in (1, 30, 1, 200) for number in free_ports(count)]
        given += [Ports.free()[name] for name in OFFSETS]
        assert len(set(given)) == len(given)
