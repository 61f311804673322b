-- Every day, for queries that ask for days on which nothing happened.
select cast(range as date) as date_day
from range(date '2000-01-01', date '2100-01-01', interval 1 day)
