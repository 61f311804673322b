"""Shopify: orders with their lines and refunds, and products, over its GraphQL Admin API."""
