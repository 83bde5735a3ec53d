#!/usr/bin/env python3
"""The quickstart, told by a foreign client: stubs are generated from proto/ here and now.

    pip install -r clients/python/requirements.txt
    python clients/python/quickstart.py --target 127.0.0.1:7360

With --binary instead of --target, a service is started in a temporary folder for the story.
Ends with a traceback and a code other than 0 when the service tells another story.
"""

import argparse
import datetime
import json
import pathlib
import subprocess
import sys
import tempfile
import uuid

import grpc
from grpc_tools import protoc

ROOT = pathlib.Path(__file__).resolve().parents[2]


def generate(folder):
    """Generates the stubs and makes them importable."""
    protos = sorted(str(p.relative_to(ROOT / "proto")) for p in (ROOT / "proto").rglob("*.proto"))
    # grpc_tools brings google/protobuf/*.proto along.
    wellknown = pathlib.Path(protoc.__file__).parent / "_proto"
    arguments = ["protoc", f"-I{ROOT / 'proto'}", f"-I{wellknown}"]
    arguments += [f"--python_out={folder}", f"--grpc_python_out={folder}", *protos]
    assert protoc.main(arguments) == 0, "the protos do not compile"
    sys.path.insert(0, folder)


def start(binary, database_url, folder):
    """Starts the service on a free port; answers the process and its address."""
    database_url = database_url or f"sqlite:{folder}/quickstart.db"
    arguments = [binary, "serve", "--listen", "127.0.0.1:0", "--metrics-listen", ""]
    arguments += ["--database-url", database_url, "--set", "log_format=json"]
    process = subprocess.Popen(arguments, stderr=subprocess.PIPE, text=True)
    for line in process.stderr:
        event = json.loads(line) if line.startswith("{") else {}
        if event.get("message") == "listening":
            return process, event["address"]
        sys.stderr.write(line)
    raise SystemExit("the service did not start")


class Story:
    def __init__(self, channel, tenant):
        from customer360.v1 import (common_pb2, customer_service_pb2, customer_service_pb2_grpc,
                                    identity_service_pb2, identity_service_pb2_grpc, kpi_pb2,
                                    kpi_service_pb2, kpi_service_pb2_grpc, touchpoint_pb2,
                                    touchpoint_service_pb2, touchpoint_service_pb2_grpc)
        self.common, self.t, self.kpi = common_pb2, touchpoint_pb2, kpi_pb2
        self.record_pb, self.customer_pb = touchpoint_service_pb2, customer_service_pb2
        self.identity_pb, self.kpi_pb = identity_service_pb2, kpi_service_pb2
        self.metadata = [("x-customer360-tenant", tenant)]
        self.touchpoints = touchpoint_service_pb2_grpc.TouchpointServiceStub(channel)
        self.customers = customer_service_pb2_grpc.CustomerServiceStub(channel)
        self.identities = identity_service_pb2_grpc.IdentityServiceStub(channel)
        self.kpis = kpi_service_pb2_grpc.KpiServiceStub(channel)

    def call(self, method, request):
        return method(request, metadata=self.metadata, timeout=30)

    def touchpoint(self, source_id, day, channel, identifiers, **activity):
        touchpoint = self.t.Touchpoint(source="quickstart", source_id=source_id, channel=channel, **activity)
        touchpoint.at.FromDatetime(datetime.datetime(2026, 3, day, 10))
        for kind, value in identifiers:
            touchpoint.identifiers.add(kind=kind, value=value)
        return touchpoint

    def order(self, source_id, day, channel, identifiers, cents):
        amount = self.common.Money(minor=cents, currency="EUR")
        order = self.t.Order(order_id=f"order-{source_id}", amount=amount)
        return self.touchpoint(source_id, day, channel, identifiers, order=order)

    def record(self, *touchpoints):
        request = self.record_pb.RecordTouchpointsRequest(touchpoints=touchpoints)
        return self.call(self.touchpoints.RecordTouchpoints, request)

    def customer(self, kind, value, revision):
        identifier = self.common.Identifier(kind=kind, value=value)
        ref = self.customer_pb.CustomerRef(identifier=identifier)
        request = self.customer_pb.GetCustomerRequest(customer=ref, at_least_as_fresh=revision)
        return self.call(self.customers.GetCustomer, request).customer

    def repurchase(self, revision):
        scope = self.kpi.Scope(at_least_as_fresh=revision)
        scope.range.start.FromDatetime(datetime.datetime(2026, 1, 1))
        scope.range.end.FromDatetime(datetime.datetime(2026, 7, 1))
        request = self.kpi_pb.ComputeRepurchaseRequest(scope=scope)
        return self.call(self.kpis.ComputeRepurchase, request)

    def tell(self):
        recorded = self.record_pb.RECORD_STATUS_RECORDED
        web = self.touchpoint("1", 1, "web", [("COOKIE", "ck-1")], visit=self.t.Visit())
        shop = self.order("2", 2, "web", [("EMAIL", "Ada@Example.com ")], 4_900)
        store = self.order("3", 9, "store", [("LOYALTY_CARD", "2900000000017")], 2_500)
        other = self.order("4", 9, "store", [("LOYALTY_CARD", "2900000000024")], 1_000)
        answer = self.record(web, shop, store, other)
        assert [o.status for o in answer.outcomes] == [recorded] * 4, answer
        assert len({o.customer_id for o in answer.outcomes}) == 4, "nothing joins them yet"
        before = self.repurchase(answer.revision)
        ratio = before.total.repeat_customers
        assert (ratio.numerator, ratio.denominator) == (0, 3), before

        # She logs in in the browser, and gives the card's number in her account.
        login = self.touchpoint("5", 10, "web", [("EMAIL", "ada@example.com"), ("COOKIE", "ck-1")],
                                login=self.t.Login(method="password"))
        joined = self.touchpoint("6", 11, "web", [("EMAIL", "ada@example.com"),
                                                  ("LOYALTY_CARD", "2900000000017")],
                                 profile_update=self.t.ProfileUpdate(origin="form"))
        city = self.common.Value(text="Berlin")
        joined.traits.add(name="city").value.CopyFrom(city)
        answer = self.record(login, joined)
        ada = self.customer("COOKIE", "ck-1", answer.revision)
        assert ada == self.customer("LOYALTY_CARD", "2900000000017", answer.revision)
        assert ada.kind == self.common.CUSTOMER_KIND_REGISTERED
        assert ada.summary.orders == 2 and ada.summary.revenue[0].net_minor == 7_400, ada
        assert [(t.name, t.value.text) for t in ada.traits] == [("city", "Berlin")]
        ratio = self.repurchase(answer.revision).total.repeat_customers
        assert (ratio.numerator, ratio.denominator) == (1, 2), ratio

        explain = self.identity_pb.ExplainIdentityRequest(
            identifier=self.common.Identifier(kind="COOKIE", value="ck-1"),
            to=self.common.Identifier(kind="LOYALTY_CARD", value="2900000000017"),
            at_least_as_fresh=answer.revision)
        chain = self.call(self.identities.ExplainIdentity, explain).chain
        assert [link.touchpoint.source_id for link in chain] == ["5", "6"], chain

        # Sent again, nothing changes; the same name with another content is refused.
        again = self.record(web, self.order("2", 2, "web", [("EMAIL", "ada@example.com")], 5_000))
        statuses = [o.status for o in again.outcomes]
        assert statuses == [self.record_pb.RECORD_STATUS_DUPLICATE, self.record_pb.RECORD_STATUS_REFUSED]
        assert self.customer("COOKIE", "ck-1", again.revision).summary.orders == 2

        # Another tenant knows nobody.
        self.metadata = [("x-customer360-tenant", f"other-{uuid.uuid4().hex[:12]}")]
        try:
            self.customer("COOKIE", "ck-1", 0)
            raise AssertionError("another tenant sees our customer")
        except grpc.RpcError as error:
            assert error.code() == grpc.StatusCode.NOT_FOUND, error


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--target")
    parser.add_argument("--binary")
    parser.add_argument("--database-url")
    parser.add_argument("--tenant", default=f"quickstart-{uuid.uuid4().hex[:12]}")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        generate(folder)
        process, target = None, arguments.target or "127.0.0.1:7360"
        if arguments.binary:
            process, target = start(arguments.binary, arguments.database_url, folder)
        try:
            with grpc.insecure_channel(target) as channel:
                Story(channel, arguments.tenant).tell()
        finally:
            if process:
                process.terminate()
                assert process.wait(30) == 0, "the service did not end well"
    print("the quickstart story holds, told from Python")


if __name__ == "__main__":
    main()
