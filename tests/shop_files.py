"""Files as marketplaces and shops write them, with rows of our own.

Public names: taobao_orders, taobao_items, jd, pinduoduo, shopify, woocommerce, amazon, sheet, channel, text,
SHOPIFY_FIRST, SHOPIFY_NEXT.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Mapping, Sequence
from typing import Any

import xlsxwriter

from edge.config.channels import ChannelTable

_TAOBAO = """
订单编号,买家会员名,买家应付货款,买家应付邮费,总金额,买家实际支付金额,订单状态,买家留言,收货人姓名,
收货地址,运送方式,联系电话,联系手机,订单创建时间,订单付款时间,宝贝标题,宝贝种类,物流单号,物流公司,
订单备注,宝贝总数量,定金排名,修改后的sku,修改后的收货地址,异常信息
"""
_TAOBAO_ITEMS = """
订单编号,标题,价格,购买数量,外部系统编号,商品属性,套餐信息,备注,订单状态,商家编码
"""
_JD = """
订单号,商品ID,商品名称,订购数量,支付方式,下单时间,京东价,订单金额,结算金额,余额支付,应付金额,
订单状态,订单类型,下单帐号,客户姓名,客户地址,联系电话,订单备注,货号,订单来源
"""
_PINDUODUO = """
商品,订单号,订单状态,商品总价(元),店铺优惠折扣(元),平台优惠折扣(元),用户实付金额(元),
商家实收金额(元),商品数量(件),商品id,样式ID,商家编码-规格维度,承诺发货时间,收货人,手机,省,市,区,街道
"""
_SHOPIFY = """
Name,Email,Financial Status,Paid at,Currency,Subtotal,Shipping,Taxes,Total,Discount Amount,
Shipping Method,Created at,Lineitem quantity,Lineitem name,Lineitem price,Lineitem sku,Shipping Name,
Shipping Address1,Shipping Address2,Shipping City,Shipping Zip,Shipping Province,Shipping Country,
Shipping Phone,Notes
"""
_AMAZON = """
order-id,order-item-id,purchase-date,buyer-email,buyer-phone-number,sku,product-name,
quantity-purchased,currency,item-price,item-tax,shipping-price,shipping-tax,ship-service-level,
recipient-name,ship-address-1,ship-address-2,ship-address-3,ship-city,ship-state,ship-postal-code,
ship-country,ship-phone-number,latest-ship-date
"""


def _words(header: str) -> list[str]:
    return header.replace("\n", "").split(",")


def channel(preset: str, **keys: Any) -> ChannelTable:
    return ChannelTable.model_validate({"preset": preset, **keys})


def text(header: str, rows: Sequence[Mapping[str, str]]) -> str:
    out = io.StringIO(newline="")
    table = csv.DictWriter(out, _words(header), restval="")
    table.writeheader()
    table.writerows(rows)
    return out.getvalue()


def taobao_orders(*rows: Mapping[str, str], encoding: str = "gbk") -> bytes:
    usual = {
        "买家应付邮费": "10.00",
        "总金额": "109.00",
        "买家实际支付金额": "109.00",
        "订单状态": "买家已付款，等待卖家发货",
        "收货人姓名": "林小雨",
        "收货地址": "浙江省 杭州市 西湖区 文三路 1 号",
        "运送方式": "快递",
        "联系手机": "'13800138000",
        "订单创建时间": "2026-11-20 09:59:00",
        "订单付款时间": "2026-11-20 10:01:00",
        "宝贝总数量": "3",
    }
    return text(_TAOBAO, [usual | row | {"订单编号": f'="{row["订单编号"]}"'} for row in rows]).encode(encoding)


def taobao_items(*rows: Mapping[str, str]) -> bytes:
    usual = {"标题": "杯子", "价格": "49.50", "购买数量": "2", "外部系统编号": "MUG-B"}
    return text(_TAOBAO_ITEMS, [usual | row | {"订单编号": f'="{row["订单编号"]}"'} for row in rows]).encode("gb18030")


def jd(*rows: Mapping[str, str]) -> bytes:
    usual = {
        "商品名称": "盘子",
        "订购数量": "1",
        "支付方式": "在线支付",
        "下单时间": "2026/11/20 8:05",
        "京东价": "20.00",
        "订单金额": "1,120.00",
        "应付金额": "1,120.00",
        "订单状态": "等待出库",
        "客户姓名": "陈大文",
        "客户地址": "北京市朝阳区建国路 88 号",
        "联系电话": "1******6198",
        "货号": "PLA-W",
    }
    return text(_JD, [usual | row for row in rows]).encode("gb18030")


def pinduoduo(*rows: Mapping[str, str]) -> bytes:
    usual = {
        "商品": "碗",
        "订单状态": "待发货",
        "商品总价(元)": "30.00",
        "店铺优惠折扣(元)": "1.50",
        "平台优惠折扣(元)": "0.50",
        "用户实付金额(元)": "28.00",
        "商品数量(件)": "3",
        "商家编码-规格维度": "BOWL",
        "承诺发货时间": "2026-11-22 23:59:59",
        "收货人": "黄三",
        "手机": "13900139000-8123",
        "省": "广东省",
        "市": "深圳市",
        "区": "南山区",
        "街道": "科技路 2 号",
    }
    return b"\xef\xbb\xbf" + text(_PINDUODUO, [usual | row for row in rows]).encode()


def shopify(*rows: Mapping[str, str]) -> bytes:
    return text(_SHOPIFY, rows).encode()


SHOPIFY_FIRST = {
    "Email": "ann@example.com",
    "Financial Status": "paid",
    "Paid at": "2026-11-20 10:00:00 +0100",
    "Currency": "EUR",
    "Shipping": "4.90",
    "Total": "54.80",
    "Shipping Method": "DHL",
    "Created at": "2026-11-20 09:59:00 +0100",
    "Lineitem quantity": "2",
    "Lineitem name": "Mug, blue",
    "Lineitem price": "19.95",
    "Lineitem sku": "MUG-B",
    "Shipping Name": "Ann Example",
    "Shipping Address1": "Weg 1",
    "Shipping Address2": "Hof",
    "Shipping City": "Dresden",
    "Shipping Zip": "'01067",
    "Shipping Country": "DE",
    "Shipping Phone": "'+49 351 4960",
}
"""The first row of an order; what follows has the name and the article alone."""
SHOPIFY_NEXT = {"Lineitem quantity": "1", "Lineitem name": "Plate", "Lineitem price": "10.00", "Lineitem sku": "PLA-W"}


def woocommerce(*orders: Mapping[str, Any]) -> bytes:
    usual = {
        "id": 7,
        "number": "7",
        "status": "processing",
        "currency": "EUR",
        "date_created_gmt": "2026-11-20T08:59:00",
        "date_modified_gmt": "2026-11-20T09:10:00",
        "date_paid_gmt": "2026-11-20T09:00:00",
        "total": "45.00",
        "shipping_total": "5.00",
        "total_tax": "0.00",
        "payment_method": "bacs",
        "customer_note": "an der Tür\nklingeln",
        "billing": {"email": "b@example.com", "phone": "030 901820"},
        "shipping": {
            "first_name": "Bo",
            "last_name": "Beispiel",
            "address_1": "Gasse 2",
            "city": "Berlin",
            "postcode": "10115",
            "country": "DE",
        },
        "shipping_lines": [{"method_title": "Paket"}],
        "line_items": [{"id": 1, "sku": "BOWL", "name": "Schale", "quantity": 3, "total": "40.00"}],
    }
    return json.dumps([usual | order for order in orders]).encode()


def amazon(*rows: Mapping[str, str]) -> bytes:
    usual = {
        "purchase-date": "2026-11-20T08:59:00+00:00",
        "sku": "MUG-B",
        "product-name": '"Best" mug, blue',
        "quantity-purchased": "3",
        "currency": "USD",
        "item-price": "10.00",
        "item-tax": "0.80",
        "shipping-price": "4.00",
        "shipping-tax": "0.20",
        "ship-service-level": "Standard",
        "recipient-name": "C. Sample",
        "ship-address-1": "1 Main St",
        "ship-city": "Los Angeles",
        "ship-state": "CA",
        "ship-postal-code": "90001",
        "ship-country": "US",
        "ship-phone-number": "+1 213-555-0100 ext. 12345",
    }
    names = _words(_AMAZON)
    lines = ["\t".join(names), *("\t".join((usual | row).get(name, "") for name in names) for row in rows)]
    return ("\r\n".join(lines) + "\r\n").encode()


def sheet(rows: Sequence[Sequence[Any]], merged: Sequence[tuple[int, int, int, int]] = ()) -> bytes:
    """A workbook with one sheet; ``merged``: first row, first column, last row, last column, from 0."""
    out = io.BytesIO()
    with xlsxwriter.Workbook(out) as book:
        page = book.add_worksheet("Orders")
        for number, row in enumerate(rows):
            for column, cell in enumerate(row):
                if cell == "#N/A":
                    page.write_formula(number, column, "=NA()", None, cell)
                elif isinstance(cell, str):
                    page.write_string(number, column, cell)
                elif cell is not None:
                    page.write(number, column, cell)
        for top, left, bottom, right in merged:
            page.merge_range(top, left, bottom, right, rows[top][left])
    return out.getvalue()
