//! Members of a structure that was received.

use std::collections::BTreeMap;

use visord_xmlrpc::Value;

use super::error::WireError;

/// A structure of which members are read by key.
#[derive(Clone, Copy, Debug)]
pub(super) struct Fields<'a> {
    members: &'a [(String, Value)],
    of: &'static str,
}

/// What was read, or what is wrong with it.
pub(super) type Read<T> = Result<T, WireError>;

impl<'a> Fields<'a> {
    /// The members of a value; `of` names it in errors.
    pub(super) fn new(value: &'a Value, of: &'static str) -> Read<Self> {
        let members = value.as_struct().ok_or(WireError::Wrong {
            of: "the message",
            what: of,
            expected: "a structure",
        })?;
        Ok(Self { members, of })
    }

    pub(super) fn wrong(&self, what: &'static str, expected: &'static str) -> WireError {
        let of = self.of;
        WireError::Wrong { of, what, expected }
    }

    pub(super) fn find(&self, key: &str) -> Option<&'a Value> {
        let mut members = self.members.iter();
        members.find_map(|(name, value)| (name == key).then_some(value))
    }

    pub(super) fn get(&self, key: &'static str) -> Read<&'a Value> {
        let of = self.of;
        self.find(key).ok_or(WireError::Missing { of, key })
    }

    /// A member that may be missing, read by `read`.
    pub(super) fn or<T>(
        &self,
        key: &'static str,
        missing: T,
        read: impl FnOnce(&Self, &'static str) -> Read<T>,
    ) -> Read<T> {
        match self.find(key) {
            Some(_) => read(self, key),
            None => Ok(missing),
        }
    }

    pub(super) fn text(&self, key: &'static str) -> Read<&'a str> {
        let text = self.get(key)?.as_str();
        text.ok_or_else(|| self.wrong(key, "a text"))
    }

    /// As [`Fields::text`]; empty if it is missing.
    pub(super) fn text_or_empty(&self, key: &'static str) -> Read<&'a str> {
        self.or(key, "", Self::text)
    }

    pub(super) fn texts(&self, key: &'static str) -> Read<impl Iterator<Item = &'a str>> {
        let all: Option<Vec<_>> = self.items(key)?.iter().map(Value::as_str).collect();
        let all = all.ok_or_else(|| self.wrong(key, "a list of texts"))?;
        Ok(all.into_iter())
    }

    pub(super) fn items(&self, key: &'static str) -> Read<&'a [Value]> {
        let items = self.get(key)?.as_array();
        items.ok_or_else(|| self.wrong(key, "a list"))
    }

    pub(super) fn float(&self, key: &'static str) -> Read<f64> {
        float(self.get(key)?).ok_or_else(|| self.wrong(key, "a number"))
    }

    /// A whole number in the range of `T`.
    pub(super) fn int<T: TryFrom<i64>>(&self, key: &'static str) -> Read<T> {
        int(self.get(key)?).ok_or_else(|| self.wrong(key, "a whole number in its range"))
    }

    /// A truth, or the number 0 or 1.
    pub(super) fn flag(&self, key: &'static str) -> Read<bool> {
        let value = self.get(key)?;
        let truth = match int(value) {
            Some(0i64) => Some(false),
            Some(1) => Some(true),
            Some(_) | None => value.as_bool(),
        };
        truth.ok_or_else(|| self.wrong(key, "true or false"))
    }

    /// An enum by its number.
    pub(super) fn code<T>(&self, key: &'static str, from: impl Fn(i32) -> Option<T>) -> Read<T> {
        from(self.int(key)?).ok_or_else(|| self.wrong(key, "a known number"))
    }

    /// An enum by its name.
    pub(super) fn name<T>(&self, key: &'static str, from: impl Fn(&str) -> Option<T>) -> Read<T> {
        from(self.text(key)?).ok_or_else(|| self.wrong(key, "a known name"))
    }

    /// A structure inside this one, with any keys.
    pub(super) fn members(&self, key: &'static str) -> Read<&'a [(String, Value)]> {
        let members = self.get(key)?.as_struct();
        members.ok_or_else(|| self.wrong(key, "a structure"))
    }

    /// As [`Fields::members`]; `read` reads each value.
    pub(super) fn map<T>(
        &self,
        key: &'static str,
        expected: &'static str,
        read: impl Fn(&Value) -> Option<T>,
    ) -> Read<BTreeMap<String, T>> {
        let members = self.members(key)?.iter();
        let all: Option<_> = members
            .map(|(name, value)| Some((name.clone(), read(value)?)))
            .collect();
        all.ok_or_else(|| self.wrong(key, expected))
    }
}

/// A finite number.
pub(super) fn float(value: &Value) -> Option<f64> {
    let number = match value.as_int() {
        Some(number) => number as f64,
        None => value.as_double()?,
    };
    number.is_finite().then_some(number)
}

/// A whole number in the range of `T`.
pub(super) fn int<T: TryFrom<i64>>(value: &Value) -> Option<T> {
    let number = match value.as_double() {
        // beyond these, floats are not exact
        Some(number) if number.fract() == 0.0 && number.abs() < 1e15 => number as i64,
        Some(_) => return None,
        None => value.as_int()?,
    };
    T::try_from(number).ok()
}

/// Two values.
pub(super) fn pair<T>(value: &Value, read: impl Fn(&Value) -> Option<T>) -> Option<(T, T)> {
    match value.as_array()? {
        [first, second] => Some((read(first)?, read(second)?)),
        _ => None,
    }
}
