"""Trades that sell to many: online, in shops, at tables, by the night."""

from django.utils.translation import gettext_lazy as _

from metrics.services.trades import sketches as s
from metrics.services.trades.sketches import MONEY, Trade, average, first_reply, rate, total

ECOMMERCE = Trade(
    "ecommerce", _("E-commerce"), _("You sell on your own site or on platforms and ship to customers."), "shopping-cart",
    (
        rate("repurchase-rate", _("Repurchase rate"), _("Customers who buy again on another day within 90 days ÷ customers who first bought that day"), "up",
             role=s.SALES, columns=(s.CUSTOMER, s.DAY), how=s.BEST_MONTH),
        average("order-value", _("Average order value"), _("Sales ÷ orders; a cancellation is no order"), MONEY, "up",
                role=s.MARKETING, columns=(s.ORDER, s.DAY, s.AMOUNT, s.RETURNED), how=s.OWN_PAST, decimals=2),
        total("orders", _("Orders"), _("Orders that were not cancelled"), "up",
              role=s.SALES, columns=(s.ORDER, s.DAY, s.RETURNED), how=s.BUDGET, decimals=0),
        rate("on-time-delivery", _("On-time delivery"), _("Parcels that arrived by the promised day ÷ parcels that were promised for it"), "up",
             role=s.WAREHOUSE, columns=(s.PROMISED, s.DELIVERED), how=s.PROMISE, target=0.95, under="repurchase-rate"),
        first_reply("repurchase-rate"),
        rate("return-rate", _("Return rate"), _("Orders sent back or cancelled ÷ all orders"), "down",
             role=s.QUALITY, columns=(s.ORDER, s.DAY, s.RETURNED), how=s.LOSS, under="repurchase-rate", sign=-1),
        rate("conversion", _("Conversion rate"), _("Orders ÷ visits"), "up",
             role=s.MARKETING, columns=(s.ORDER, s.DAY, s.VISITS), how=s.OWN_PAST, under="orders"),
    ),
)  # fmt: skip

RETAIL = Trade(
    "retail", _("Shops"), _("You run one or several shops that people walk into."), "building-store",
    (
        total("sales", _("Sales"), _("What was sold, less what came back"), "up", unit=MONEY,
              role=s.SALES, columns=(s.ORDER, s.DAY, s.AMOUNT, s.RETURNED), how=s.BUDGET, decimals=0),
        total("visitors", _("Visitors"), _("People who come in, counted at the door"), "up",
              role=s.MANAGER, columns=(s.DAY, s.VISITS), how=s.OWN_PAST, under="sales", kind="multiplies", decimals=0),
        rate("conversion", _("Conversion rate of visitors"), _("Receipts ÷ visitors"), "up",
             role=s.MANAGER, columns=(s.ORDER, s.DAY, s.VISITS), how=s.BEST_MONTH, under="sales", kind="multiplies"),
        average("basket", _("Average basket"), _("Sales ÷ receipts"), MONEY, "up",
                role=s.SALES, columns=(s.ORDER, s.DAY, s.AMOUNT), how=s.OWN_PAST, under="sales", kind="multiplies", decimals=2),
        rate("out-of-stock", _("Out of stock"), _("Articles that are missing on the shelf ÷ articles that should be there"), "down",
             role=s.BUYER, columns=(s.DAY, s.PIECES), how=s.LOSS, target=0.03, under="conversion", sign=-1),
        rate("gross-margin", _("Gross margin"), _("Sales less cost of goods ÷ sales"), "up",
             role=s.FINANCE, columns=(s.DAY, s.AMOUNT, s.COST), how=s.BUDGET),
        rate("repurchase-rate", _("Repurchase rate"), _("Customers who buy again on another day within 90 days ÷ customers who first bought that day"), "up",
             role=s.MARKETING, columns=(s.CUSTOMER, s.DAY), how=s.BEST_MONTH, under="visitors"),
    ),
)  # fmt: skip

RESTAURANT = Trade(
    "restaurant", _("Restaurant"), _("You cook and serve, at tables or to take away."), "tools-kitchen-2",
    (
        total("sales", _("Sales"), _("What was sold, less what came back"), "up", unit=MONEY,
              role=s.MANAGER, columns=(s.ORDER, s.DAY, s.AMOUNT), how=s.BUDGET, decimals=0),
        total("guests", _("Guests"), _("People served"), "up",
              role=s.MANAGER, columns=(s.DAY, s.VISITS), how=s.OWN_PAST, under="sales", kind="multiplies", decimals=0),
        average("check", _("Average check"), _("Sales ÷ guests"), MONEY, "up",
                role=s.MANAGER, columns=(s.ORDER, s.DAY, s.AMOUNT), how=s.OWN_PAST, under="sales", kind="multiplies", decimals=2),
        average("table-turns", _("Table turns"), _("Parties seated ÷ tables"), "", "up",
                role=s.MANAGER, columns=(s.DAY, s.VISITS), how=s.BEST_MONTH, under="guests", decimals=1),
        average("dish-wait", _("Wait for the first dish"), _("Minutes from order to first dish, on average"), "min", "down",
                role=s.CHEF, columns=(s.OPENED, s.ANSWERED), how=s.PROMISE, target=15.0, under="guests", sign=-1, decimals=0),
        total("complaints", _("Complaints"), _("Complaints at the table, by phone or in reviews"), "down",
              grain="hour", role=s.CHEF, columns=(s.DAY,), how=s.LOSS, under="guests", sign=-1, decimals=0),
        rate("food-cost", _("Food cost share"), _("Cost of food used ÷ sales"), "down",
             role=s.CHEF, columns=(s.DAY, s.AMOUNT, s.COST), how=s.BUDGET, target=0.32),
    ),
)  # fmt: skip

HOTEL = Trade(
    "hotel", _("Hotel"), _("You let rooms by the night."), "bed",
    (
        average("revpar", _("Revenue per available room"), _("Room revenue ÷ rooms that could be let"), MONEY, "up",
                role=s.MANAGER, columns=(s.DAY, s.AMOUNT, s.PIECES), how=s.BUDGET, decimals=0),
        rate("occupancy", _("Occupancy"), _("Rooms let ÷ rooms that could be let"), "up",
             role=s.FRONT_DESK, columns=(s.DAY, s.PIECES), how=s.BEST_MONTH, under="revpar", kind="multiplies"),
        average("room-rate", _("Average room rate"), _("Room revenue ÷ rooms let"), MONEY, "up",
                role=s.SALES, columns=(s.DAY, s.AMOUNT, s.PIECES), how=s.BUDGET, under="revpar", kind="multiplies", decimals=0),
        rate("returning-guests", _("Returning guests"), _("Stays of guests who were here before ÷ all stays"), "up",
             role=s.FRONT_DESK, columns=(s.CUSTOMER, s.DAY), how=s.BEST_MONTH, under="occupancy"),
        average("review-score", _("Review score"), _("Average of the points in reviews, 1 to 5"), "", "up",
                role=s.MANAGER, columns=(s.DAY,), how=s.OWN_PAST, target=4.5, under="occupancy", decimals=1),
        rate("cancellations", _("Cancelled bookings"), _("Bookings cancelled ÷ bookings"), "down",
             role=s.FRONT_DESK, columns=(s.ORDER, s.DAY, s.RETURNED), how=s.LOSS, under="occupancy", sign=-1),
        rate("room-ready", _("Rooms ready at check-in"), _("Rooms ready by the promised hour ÷ arrivals"), "up",
             role=s.OPERATIONS, columns=(s.PROMISED, s.DELIVERED), how=s.PROMISE, target=0.98, under="review-score"),
    ),
)  # fmt: skip
