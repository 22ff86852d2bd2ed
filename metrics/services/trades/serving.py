"""Trades that make, move and serve: software by subscription, factories, carriers, schools."""

from django.utils.translation import gettext_lazy as _

from metrics.services.trades import sketches as s
from metrics.services.trades.sketches import MONEY, Trade, average, first_reply, rate, total

SAAS = Trade(
    "saas", _("Software by subscription"), _("Customers pay you each month or year for software."), "cloud",
    (
        rate("net-retention", _("Net revenue retention"), _("Revenue today of the customers of a year or month ago ÷ their revenue then; new customers never count"), "up",
             grain="month", role=s.SUCCESS, columns=(s.CUSTOMER, s.DAY, s.REVENUE), how=s.BEST_MONTH, target=1.0),
        rate("expansion", _("Expansion"), _("More revenue from customers who were there ÷ revenue at the start"), "up",
             grain="month", role=s.SALES, columns=(s.CUSTOMER, s.DAY, s.REVENUE), how=s.OWN_PAST, under="net-retention", kind="adds"),
        rate("contraction", _("Contraction"), _("Less revenue from customers who stay ÷ revenue at the start"), "down",
             grain="month", role=s.SUCCESS, columns=(s.CUSTOMER, s.DAY, s.REVENUE), how=s.OWN_PAST, under="net-retention", kind="adds", sign=-1),
        rate("revenue-churn", _("Revenue churned"), _("Revenue of customers who left ÷ revenue at the start"), "down",
             grain="month", role=s.SUCCESS, columns=(s.CUSTOMER, s.LEFT, s.REVENUE), how=s.LOSS, under="net-retention", kind="adds", sign=-1),
        rate("renewal-rate", _("Renewal rate"), _("Contracts renewed ÷ contracts that came up for renewal"), "up",
             grain="month", role=s.SUCCESS, columns=(s.CUSTOMER, s.DAY, s.LEFT), how=s.BEST_MONTH, under="revenue-churn", sign=-1),
        rate("active-customers", _("Customers who use it weekly"), _("Customers active in the week ÷ paying customers"), "up",
             grain="week", role=s.SUCCESS, columns=(s.CUSTOMER, s.DAY), how=s.OWN_PAST, under="renewal-rate"),
        first_reply("renewal-rate"),
    ),
)  # fmt: skip

MANUFACTURING = Trade(
    "manufacturing", _("Manufacturing"), _("You make things on machines or by hand."), "building-factory-2",
    (
        rate("on-time-delivery", _("Orders delivered on time"), _("Order lines delivered by the promised day ÷ lines promised for it; an open line past its day is late"), "up",
             role=s.OPERATIONS, columns=(s.ORDER, s.PROMISED, s.DELIVERED), how=s.PROMISE, target=0.95),
        rate("oee", _("Equipment effectiveness"), _("Availability × performance × first-pass yield"), "up",
             role=s.PRODUCTION, columns=(s.DAY, s.HOURS, s.PIECES, s.GOOD), how=s.BEST_MONTH, under="on-time-delivery"),
        rate("availability", _("Availability"), _("Running hours ÷ planned hours"), "up",
             role=s.PRODUCTION, columns=(s.DAY, s.HOURS), how=s.OWN_PAST, under="oee", kind="multiplies"),
        rate("performance", _("Performance"), _("Pieces made ÷ pieces possible in the running hours"), "up",
             role=s.PRODUCTION, columns=(s.DAY, s.HOURS, s.PIECES), how=s.OWN_PAST, under="oee", kind="multiplies"),
        rate("first-pass-yield", _("First-pass yield"), _("Pieces good at the first try ÷ pieces made; over several steps the product of their yields"), "up",
             role=s.QUALITY, columns=(s.DAY, s.PIECES, s.GOOD), how=s.LOSS, target=0.98, under="oee", kind="multiplies"),
        total("shortages", _("Material shortages"), _("Times that a job waited for material"), "down",
              role=s.BUYER, columns=(s.DAY,), how=s.LOSS, under="on-time-delivery", sign=-1, decimals=0),
        total("complaints", _("Customer complaints"), _("Complaints received, by batch and line"), "down",
              role=s.QUALITY, columns=(s.DAY,), how=s.LOSS, decimals=0),
    ),
)  # fmt: skip

LOGISTICS = Trade(
    "logistics", _("Logistics"), _("You store, carry or deliver goods for others."), "truck-delivery",
    (
        rate("on-time-in-full", _("Delivered on time and in full"), _("Shipments complete by the promised time ÷ shipments promised"), "up",
             role=s.OPERATIONS, columns=(s.ORDER, s.PROMISED, s.DELIVERED), how=s.PROMISE, target=0.95),
        rate("pickup-on-time", _("Picked up on time"), _("Pick-ups at the agreed time ÷ pick-ups"), "up",
             role=s.DISPATCH, columns=(s.PROMISED, s.DELIVERED), how=s.OWN_PAST, target=0.97, under="on-time-in-full"),
        average("transit-hours", _("Transit time"), _("Hours from pick-up to delivery, on average"), "h", "down",
                role=s.DISPATCH, columns=(s.OPENED, s.ANSWERED), how=s.OWN_PAST, under="on-time-in-full", sign=-1, decimals=1),
        rate("first-attempt", _("Delivered at the first attempt"), _("Shipments handed over at the first try ÷ shipments"), "up",
             role=s.DISPATCH, columns=(s.ORDER, s.DAY), how=s.OWN_PAST, under="on-time-in-full"),
        rate("damage-rate", _("Damaged on arrival"), _("Shipments damaged or lost ÷ shipments"), "down",
             role=s.WAREHOUSE, columns=(s.ORDER, s.DAY), how=s.LOSS, target=0.005, under="on-time-in-full", sign=-1),
        average("cost-per-shipment", _("Cost per shipment"), _("Cost of the day ÷ shipments"), MONEY, "down",
                role=s.FINANCE, columns=(s.DAY, s.COST, s.PIECES), how=s.BUDGET, decimals=2),
        rate("pick-accuracy", _("Picked without error"), _("Lines picked right ÷ lines picked"), "up",
             role=s.WAREHOUSE, columns=(s.ORDER, s.DAY, s.PIECES), how=s.LOSS, target=0.998, under="on-time-in-full"),
    ),
)  # fmt: skip

EDUCATION = Trade(
    "education", _("Courses and schools"), _("You teach, in classes or one to one."), "school",
    (
        rate("renewal-rate", _("Students who enrol again"), _("Students who enrol for the next term ÷ students whose term ended"), "up",
             grain="month", role=s.TEACHING, columns=(s.CUSTOMER, s.DAY, s.LEFT), how=s.BEST_MONTH),
        rate("attendance", _("Attendance"), _("Lessons attended ÷ lessons booked"), "up",
             role=s.TEACHING, columns=(s.CUSTOMER, s.DAY), how=s.OWN_PAST, target=0.9, under="renewal-rate"),
        rate("homework", _("Homework handed in"), _("Homework handed in ÷ homework set"), "up",
             grain="week", role=s.TEACHING, columns=(s.CUSTOMER, s.DAY), how=s.OWN_PAST, under="renewal-rate"),
        average("satisfaction", _("Satisfaction after lessons"), _("Average of the points after lessons, 1 to 5"), "", "up",
                role=s.TEACHING, columns=(s.DAY,), how=s.OWN_PAST, target=4.5, under="renewal-rate", decimals=1),
        rate("refund-rate", _("Refunds"), _("Students who ask for money back ÷ students"), "down",
             grain="month", role=s.SERVICE, columns=(s.CUSTOMER, s.RETURNED), how=s.LOSS, under="renewal-rate", sign=-1),
        rate("trial-conversion", _("Trial lessons that lead to enrolment"), _("Students who enrol ÷ students of a trial lesson"), "up",
             grain="week", role=s.SALES, columns=(s.CUSTOMER, s.DAY), how=s.OWN_PAST),
        first_reply("satisfaction"),
    ),
)  # fmt: skip
