"""How the exports of known marketplaces and shops look: what a channel's table says unless SITE.toml says otherwise.

Public names: PRESETS.

Columns stand as in the files. A name with a dot is a path in JSON, which the same channel may bring as well.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

_TAOBAO: dict[str, Any] = {
    # the file of orders; that of items below
    "encodings": ["gb18030", "utf-8"],
    "rows": "every",
    "time_zone": "Asia/Shanghai",
    "currency": "CNY",
    "country": "CN",
    "take": ["等待卖家发货", "买家已付款,等待卖家发货", "买家已付款，等待卖家发货"],
    "columns": {
        "order": "订单编号",
        "status": "订单状态",
        "ordered": "订单创建时间",
        "paid_at": "订单付款时间",
        "total": "总金额",
        "paid": "买家实际支付金额",
        "freight": "买家应付邮费",
        "note": "买家留言",
        "service": "运送方式",
        "name": "收货人姓名",
        "street": ["修改后的收货地址", "收货地址"],
        "phone": ["联系手机", "联系电话"],
    },
    "items": {
        "order": "订单编号",
        "sku": ["商家编码", "外部系统编号"],
        "product": ["标题", "宝贝标题"],
        "quantity": ["购买数量", "宝贝总数量"],
        "price": "价格",
        "line": "子订单编号",
    },
}

_JD: dict[str, Any] = {
    "encodings": ["gb18030", "utf-8"],
    "rows": "every",
    "time_zone": "Asia/Shanghai",
    "currency": "CNY",
    "country": "CN",
    "settled": True,
    "same_rows": "repeat",
    "take": ["等待出库", "等待打印", "等待发货"],
    "columns": {
        "order": "订单号",
        "status": "订单状态",
        "ordered": "下单时间",
        "method": "支付方式",
        "total": ["订单金额", "应付金额"],
        "note": "订单备注",
        "name": "客户姓名",
        "street": "客户地址",
        "phone": "联系电话",
        "sku": ["货号", "商品ID"],
        "product": "商品名称",
        "quantity": "订购数量",
        "price": "京东价",
    },
}

_PINDUODUO: dict[str, Any] = {
    "encodings": ["utf-8", "gb18030"],
    "rows": "every",
    "time_zone": "Asia/Shanghai",
    "currency": "CNY",
    "country": "CN",
    "settled": True,
    "same_rows": "repeat",
    "price_of": "line",
    "take": ["待发货"],
    "columns": {
        "order": "订单号",
        "status": "订单状态",
        "ordered": ["订单成交时间", "支付时间"],
        "ship_by": "承诺发货时间",
        "total": ["用户实付金额(元)", "商家实收金额(元)"],
        "discount": ["店铺优惠折扣(元) + 平台优惠折扣(元)"],
        "freight": "邮费(元)",
        "note": "买家留言",
        "name": "收货人",
        "phone": "手机",
        "region": "省",
        "city": "市",
        "district": "区",
        "street": ["详细地址", "街道"],
        "sku": ["商家编码-规格维度", "商家编码-商品维度", "样式ID"],
        "product": "商品",
        "quantity": "商品数量(件)",
        "price": "商品总价(元)",
    },
}

_SHOPIFY: dict[str, Any] = {
    "orders_at": "orders",
    "lines_at": "line_items",
    "paid_words": ["paid"],
    "columns": {
        "order": ["Name", "name"],
        "revision": "updated_at",
        "ordered": ["Created at", "created_at"],
        "paid_state": ["Financial Status", "financial_status"],
        "currency": ["Currency", "currency"],
        "total": ["Total", "total_price"],
        "freight": ["Shipping", "total_shipping_price_set.shop_money.amount"],
        "discount": ["Discount Amount", "total_discounts"],
        "method": ["Payment Method", "payment_gateway_names.0"],
        "service": ["Shipping Method", "shipping_lines.0.title"],
        "note": ["Notes", "note"],
        "email": ["Email", "email"],
        "name": ["Shipping Name", "shipping_address.name"],
        "phone": ["Shipping Phone", "Phone", "shipping_address.phone", "phone"],
        "country": ["Shipping Country", "shipping_address.country_code"],
        "region": ["Shipping Province", "shipping_address.province_code"],
        "city": ["Shipping City", "shipping_address.city"],
        "postcode": ["Shipping Zip", "shipping_address.zip"],
        "street": [
            "Shipping Street",
            "Shipping Address1 + Shipping Address2",
            "shipping_address.address1 + shipping_address.address2",
        ],
        "line": "line_items.id",
        "sku": ["Lineitem sku", "line_items.sku"],
        "product": ["Lineitem name", "line_items.title"],
        "quantity": ["Lineitem quantity", "line_items.quantity"],
        "price": ["Lineitem price", "line_items.price"],
    },
}

_WOOCOMMERCE: dict[str, Any] = {
    "rows": "every",
    "lines_at": "line_items",
    "price_of": "line",
    "take": ["processing"],
    "cod_words": ["cod"],
    "columns": {
        "order": "number",
        "revision": "date_modified_gmt",
        "status": "status",
        "ordered": "date_created_gmt",
        "paid_at": "date_paid_gmt",
        "currency": "currency",
        "total": "total",
        "freight": "shipping_total",
        "tax": "total_tax",
        "method": "payment_method",
        "service": "shipping_lines.0.method_title",
        "note": "customer_note",
        "email": "billing.email",
        "name": "shipping.first_name + shipping.last_name",
        "phone": ["shipping.phone", "billing.phone"],
        "country": "shipping.country",
        "region": "shipping.state",
        "city": "shipping.city",
        "postcode": "shipping.postcode",
        "street": "shipping.address_1 + shipping.address_2",
        "line": "line_items.id",
        "sku": "line_items.sku",
        "product": "line_items.name",
        "quantity": "line_items.quantity",
        "price": "line_items.total",
    },
}

_AMAZON: dict[str, Any] = {
    "delimiters": ["tab"],
    "rows": "every",
    "settled": True,
    "amounts": "line",
    "price_of": "line",
    "columns": {
        "order": "order-id",
        "ordered": "purchase-date",
        "promised": "latest-delivery-date",
        "ship_by": "latest-ship-date",
        "currency": "currency",
        "freight": "shipping-price",
        "tax": "item-tax + shipping-tax",
        "line_discount": "item-promotion-discount",
        "service": "ship-service-level",
        "email": "buyer-email",
        "name": "recipient-name",
        "phone": ["ship-phone-number", "buyer-phone-number"],
        "country": "ship-country",
        "region": "ship-state",
        "city": "ship-city",
        "postcode": "ship-postal-code",
        "street": "ship-address-1 + ship-address-2 + ship-address-3",
        "line": "order-item-id",
        "sku": "sku",
        "product": "product-name",
        "quantity": ["quantity-to-ship", "quantity-purchased"],
        "price": "item-price",
    },
}

_GENERIC: dict[str, Any] = {
    "columns": {
        **{
            key: key
            for key in (
                "order", "revision", "status", "ordered", "paid_at", "ship_by", "promised",
                "currency", "total", "paid", "freight", "discount", "tax", "method",
                "service", "priority", "note", "name", "phone", "email",
                "country", "region", "city", "district", "postcode", "street",
            )
        },
        **{
            key: [key, f"lines.{key}"]
            for key in ("line", "sku", "gtin", "product", "quantity", "price", "line_discount")
        },
    },
}  # fmt: skip

PRESETS: Mapping[str, Mapping[str, Any]] = {
    "generic": _GENERIC,
    "taobao": _TAOBAO,
    "jd": _JD,
    "pinduoduo": _PINDUODUO,
    "shopify": _SHOPIFY,
    "woocommerce": _WOOCOMMERCE,
    "amazon": _AMAZON,
}
"""Keys as in `[channels.NAME]`."""
