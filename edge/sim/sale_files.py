"""How the simulated shop's orders leave their channels: files of marketplaces, or JSON.

Public names: files_of, order_of.

Source: the exports' headers as in docs/channels.md, "Presets".
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from edge.core.iso_time import iso
from edge.sim.sales import Sale, SaleTrouble

_CHINA_US = 8 * 3_600_000_000
_TAOBAO = (
    "订单编号", "买家应付邮费", "总金额", "买家实际支付金额", "订单状态", "收货人姓名", "收货地址", "联系手机",
    "订单创建时间", "订单付款时间",
)  # fmt: skip
_TAOBAO_ITEMS = ("订单编号", "标题", "价格", "购买数量", "商家编码")
_PINDUODUO = (
    "商品", "订单号", "订单状态", "商品总价(元)", "邮费(元)", "用户实付金额(元)", "商品数量(件)", "商家编码-规格维度",
    "收货人", "手机", "省", "市", "区", "街道", "订单成交时间",
)  # fmt: skip
_SHOPIFY = (
    "Name", "Email", "Financial Status", "Currency", "Shipping", "Total", "Created at", "Lineitem quantity",
    "Lineitem name", "Lineitem price", "Lineitem sku", "Shipping Name", "Shipping Address1", "Shipping City",
    "Shipping Zip", "Shipping Country", "Shipping Phone",
)  # fmt: skip


def files_of(channel: str, sales: Sequence[Sale], number: int, now_us: int) -> dict[str, bytes]:
    """By name, the files in which a channel brings some sales; Taobao's are a pair."""
    match channel:
        case "taobao":
            orders = _csv(_TAOBAO, (_taobao(sale, now_us) for sale in sales)).encode("gb18030")
            items = _csv(_TAOBAO_ITEMS, (row for sale in sales for row in _taobao_items(sale))).encode("gb18030")
            return {f"orders-{number:05d}.csv": orders, f"items-{number:05d}.csv": items}
        case "pinduoduo":
            rows = (row for sale in sales for row in _pinduoduo(sale, now_us))
            return {f"pdd-{number:05d}.csv": b"\xef\xbb\xbf" + _csv(_PINDUODUO, rows).encode()}
        case _:
            rows = (row for sale in sales for row in _shopify(sale, now_us))
            return {f"orders_export_{number}.csv": _csv(_SHOPIFY, rows).encode()}


def order_of(sale: Sale, now_us: int) -> dict[str, object]:
    """What the counter's till, and each channel without a folder, sends to `POST /api/v1/sales-orders`."""
    customer = sale.customer
    return {
        "channel": sale.channel,
        "external": _spoilt(sale) if sale.trouble is SaleTrouble.SHORTENED else sale.external,
        "ordered": iso(now_us),
        "urgent": sale.urgent,
        "payment": {
            "kind": "cod" if sale.cod else "prepaid",
            "currency": sale.currency,
            "total": sale.total,
            "paid": sale.total if sale.paid else 0,
            "freight": sale.freight,
        },
        "consignee": {
            "name": customer.name,
            "phone": customer.phone,
            "email": customer.email,
            "country": customer.country,
            "region": customer.region,
            "city": customer.city,
            "district": customer.district,
            "street": customer.street,
            "postcode": customer.postcode,
        },
        "lines": [
            {"sku": line.sku, "name": line.name, "quantity": line.units, "price": line.price} for line in sale.lines
        ],
    }


def _csv(header: Sequence[str], rows: Iterable[Mapping[str, str]]) -> str:
    cells = [header, *([row.get(name, "") for name in header] for row in rows)]
    return "".join(",".join(map(_cell, row)) + "\r\n" for row in cells)


def _cell(text: str) -> str:
    return '"' + text.replace('"', '""') + '"' if any(char in text for char in ',"\r\n') else text


def _money(amount: int) -> str:
    return f"{amount // 100}.{amount % 100:02d}"


def _china(now_us: int) -> str:
    return iso(now_us + _CHINA_US)[:19].replace("T", " ")


def _spoilt(sale: Sale) -> str:
    """Like no other order's: what it may have been is set aside with it."""
    return f"8.{sale.external[-5:]}E+17"


def _taobao_number(sale: Sale) -> str:
    return _spoilt(sale) if sale.trouble is SaleTrouble.SHORTENED else f'="{sale.external}"'


def _taobao(sale: Sale, now_us: int) -> dict[str, str]:
    customer = sale.customer
    return {
        "订单编号": _taobao_number(sale),
        "买家应付邮费": _money(sale.freight),
        "总金额": _money(sale.total),
        "买家实际支付金额": _money(sale.total),
        "订单状态": "买家已付款，等待卖家发货",
        "收货人姓名": customer.name,
        "收货地址": f"{customer.region} {customer.city} {customer.district} {customer.street}",
        "联系手机": f"'{customer.phone}",
        "订单创建时间": _china(now_us),
        "订单付款时间": _china(now_us),
    }


def _taobao_items(sale: Sale) -> list[dict[str, str]]:
    return [
        {
            "订单编号": _taobao_number(sale),
            "标题": line.name,
            "价格": _money(line.price),
            "购买数量": f"{line.units}",
            "商家编码": line.sku,
        }
        for line in sale.lines
    ]


def _pinduoduo(sale: Sale, now_us: int) -> list[dict[str, str]]:
    customer = sale.customer
    return [
        {
            "商品": line.name,
            "订单号": sale.external,
            "订单状态": "待发货",
            "商品总价(元)": _money(line.units * line.price),
            "邮费(元)": _money(sale.freight),
            "用户实付金额(元)": _money(sale.total),
            "商品数量(件)": f"{line.units}",
            "商家编码-规格维度": line.sku,
            "收货人": customer.name,
            "手机": customer.phone,
            "省": customer.region,
            "市": customer.city,
            "区": customer.district,
            "街道": customer.street,
            "订单成交时间": _china(now_us),
        }
        for line in sale.lines
    ]


def _shopify(sale: Sale, now_us: int) -> list[dict[str, str]]:
    """What concerns the whole order stands in its first row."""
    customer = sale.customer
    rows = [
        {
            "Name": sale.external,
            "Lineitem quantity": f"{line.units}",
            "Lineitem name": line.name,
            "Lineitem price": _money(line.price),
            "Lineitem sku": line.sku,
        }
        for line in sale.lines
    ]
    rows[0] |= {
        "Email": customer.email,
        "Financial Status": "paid" if sale.paid else "pending",
        "Currency": sale.currency,
        "Shipping": _money(sale.freight),
        "Total": _money(sale.total),
        "Created at": f"{iso(now_us)[:19].replace('T', ' ')} +0000",
        "Shipping Name": customer.name,
        "Shipping Address1": customer.street,
        "Shipping City": customer.city,
        "Shipping Zip": f"'{customer.postcode}" if customer.postcode else "",
        "Shipping Country": customer.country,
        "Shipping Phone": f"'{customer.phone}",
    }
    return rows
