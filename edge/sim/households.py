"""Who orders in the simulated shop, and where they live.

Public names: Customer, customer_of.
"""

from __future__ import annotations

from dataclasses import dataclass
from random import Random

_CITIES = (("浙江省", "杭州市", "西湖区", "文三路"), ("广东省", "深圳市", "南山区", "科技路"))
_CHINESE = ("林小雨", "陈大文", "黄晓明", "赵一凡", "周静")
_LATIN = ("Ann Example", "Bo Beispiel", "Cem Muster", "Dora Demo", "Eva Esempio")
_GERMAN = (("Dresden", "01067"), ("Berlin", "10115"), ("Hamburg", "20095"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Customer:
    """Who gets it, as they write it."""

    name: str
    phone: str
    email: str
    country: str
    region: str
    city: str
    district: str
    street: str
    postcode: str

    @property
    def town(self) -> str:
        """As carriers say where they are."""
        return self.city or "Dresden"


def customer_of(rng: Random, channel: str, index: int, *, masked: bool, complete: bool) -> Customer:
    """A household of its own, so that nobody is taken for another."""
    if channel in ("taobao", "pinduoduo"):
        region, city, district, street = rng.choice(_CITIES)
        phone = f"138{index % 100_000_000:08d}"
        return Customer(
            name=rng.choice(_CHINESE),
            phone=f"{phone[:3]}****{phone[-4:]}" if masked else phone,
            email="",
            country="CN",
            region=region,
            city=city,
            district=district,
            street=f"{street} {index + 1} 号",
            postcode="",
        )
    name, (city, postcode) = rng.choice(_LATIN), rng.choice(_GERMAN)
    return Customer(
        name=name,
        phone=f"+49 1512 {1_000_000 + index:07d}",
        email=f"customer{index}@example.com",
        country="DE",
        region="",
        city=city if complete else "",
        district="",
        street=f"Beispielweg {index + 1}",
        postcode=postcode if complete else "",
    )
