"""The values of many nodes of one OPC UA server, in requests of the size that it takes.

Public names: NodeReads.

No other request of ours names more than one node, so of the limits that a server may have this one alone is asked for.
Source: OPC 10000-4 1.05, 5.11.2 (Read); OPC 10000-5 1.05, 6.3.11 (OperationLimitsType).
"""

from __future__ import annotations

import struct
from collections import deque
from collections.abc import Sequence

from asyncua import ua
from asyncua.client.client import Client
from asyncua.ua.attribute_ids import AttributeIds
from asyncua.ua.object_ids import ObjectIds
from asyncua.ua.status_codes import StatusCodes
from asyncua.ua.uaerrors import UaStatusCodeError

from plc.driver import PlcError
from plc.opcua_session import UaSession

_MAX_NODES_PER_READ = ObjectIds.Server_ServerCapabilities_OperationLimits_MaxNodesPerRead
_OF_THE_SESSION = frozenset(
    {
        StatusCodes.BadCommunicationError,
        StatusCodes.BadConnectionClosed,
        StatusCodes.BadNoCommunication,
        StatusCodes.BadRequestTimeout,
        StatusCodes.BadSecureChannelClosed,
        StatusCodes.BadSecureChannelIdInvalid,
        StatusCodes.BadSecurityChecksFailed,
        StatusCodes.BadServerHalted,
        StatusCodes.BadServerNotConnected,
        StatusCodes.BadSessionClosed,
        StatusCodes.BadSessionIdInvalid,
        StatusCodes.BadSessionNotActivated,
        StatusCodes.BadShutdown,
        StatusCodes.BadTimeout,
    }
)
"""What ends the session. Any other refusal of a whole request is of its size or of one node in it: it is parted."""


class NodeReads:
    """Reads the same nodes again and again over ``session``, at most ``most`` of them in a request.

    A request that the server refuses as a whole is asked in halves from then on, until each node has a value or a
    status of its own.
    """

    def __init__(self, session: UaSession, most: int) -> None:
        self._session = session
        self._most = most
        self._nodes: tuple[ua.NodeId, ...] = ()
        self._portions: tuple[range, ...] = ()

    async def begin(self, client: Client, nodes: Sequence[ua.NodeId]) -> None:
        """A new session: asks how many nodes its server takes in one request."""
        most = self._most
        try:
            (answer,) = await client.uaclient.read_attributes([_id(_MAX_NODES_PER_READ)], AttributeIds.Value)
        except UaStatusCodeError as error:
            if error.code in _OF_THE_SESSION:
                raise
        else:
            limit = answer.Value.Value if answer.Value is not None else None
            most = min(most, limit) if isinstance(limit, int) and limit > 0 else most  # 0 = no limit
        self._nodes = tuple(nodes)
        self._portions = tuple(
            range(first, min(first + most, len(self._nodes))) for first in range(0, len(self._nodes), most)
        )

    async def read(self) -> list[ua.DataValue]:
        """What each node holds now, in order. Faults are the session's, also where there is none."""
        _ = self._session.client
        values: list[ua.DataValue] = []
        taken: list[range] = []
        waiting = deque(self._portions)
        while waiting:
            portion = waiting.popleft()
            answer = await self._session.within(self._asked(portion), f"{len(portion)} nodes")
            if isinstance(answer, list):
                if len(answer) != len(portion):
                    await self._session.close()
                    raise PlcError(f"{self._session.where}: {len(answer)} values came for {len(portion)} nodes")
            elif len(portion) > 1:
                middle = len(portion) // 2
                waiting.extendleft((portion[middle:], portion[:middle]))
                continue
            else:
                answer = [ua.DataValue(StatusCode=answer)]
            values += answer
            taken.append(portion)
        self._portions = tuple(taken)
        return values

    async def _asked(self, portion: range) -> list[ua.DataValue] | ua.StatusCode:
        """The values, or why there is none of any."""
        nodes = [self._nodes[place] for place in portion]
        try:
            return await self._session.client.uaclient.read_attributes(nodes, AttributeIds.Value)
        except UaStatusCodeError as error:
            if error.code in _OF_THE_SESSION:
                raise
            return ua.StatusCode(ua.UInt32(error.code))
        except (ValueError, struct.error):  # of an answer that the library cannot decode
            return ua.StatusCode(ua.UInt32(StatusCodes.BadDecodingError))


def _id(identifier: int) -> ua.NodeId:
    return ua.NodeId(ua.Int32(identifier))
