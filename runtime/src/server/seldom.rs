//! A future beside a busy one in the same task, polled only when it has itself been woken.

use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, Wake, Waker};

/// Keeps what the task is woken for by others from the future within: timers and channels that rarely have news are not
/// asked at every request.
pub(super) struct Seldom<F> {
    inner: Pin<Box<F>>,
    bell: Arc<Bell>,
    /// What wakes it alone, made of the bell.
    waker: Waker,
    /// The task as the bell knows it.
    task: Option<Waker>,
}

struct Bell {
    rung: AtomicBool,
    task: Mutex<Option<Waker>>,
}

impl Wake for Bell {
    fn wake(self: Arc<Self>) {
        self.rung.store(true, Ordering::Release);
        let task = self.task.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(task) = &*task {
            task.wake_by_ref();
        }
    }
}

impl<F: Future> Seldom<F> {
    pub(super) fn new(inner: F) -> Self {
        let bell = Arc::new(Bell {
            // The first time it is polled for whatever reason.
            rung: AtomicBool::new(true),
            task: Mutex::new(None),
        });
        Self {
            inner: Box::pin(inner),
            waker: Waker::from(Arc::clone(&bell)),
            bell,
            task: None,
        }
    }
}

impl<F: Future> Future for Seldom<F> {
    type Output = F::Output;

    #[inline]
    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        let this = &mut *self;
        let task = cx.waker();
        if !this
            .task
            .as_ref()
            .is_some_and(|known| known.will_wake(task))
        {
            let known = this.bell.task.lock();
            *known.unwrap_or_else(PoisonError::into_inner) = Some(task.clone());
            this.task = Some(task.clone());
        }
        // After the bell knows the task: whoever rings from here on is seen, or wakes it.
        if !this.bell.rung.load(Ordering::Acquire) {
            return Poll::Pending;
        }
        this.bell.rung.store(false, Ordering::Release);
        this.inner
            .as_mut()
            .poll(&mut Context::from_waker(&this.waker))
    }
}

#[cfg(test)]
mod tests {
    use std::future::poll_fn;

    use tokio::sync::oneshot;

    use super::*;

    #[tokio::test]
    async fn it_is_asked_when_it_has_news() {
        let asked = Arc::new(Mutex::new(0));
        let (sender, mut news) = oneshot::channel();
        let counted = Arc::clone(&asked);
        let mut seldom = Seldom::new(poll_fn(move |cx| {
            *counted.lock().expect("no panic") += 1;
            Pin::new(&mut news).poll(cx)
        }));
        for _ in 0..10 {
            let polled = poll_fn(|cx| Poll::Ready(Pin::new(&mut seldom).poll(cx))).await;
            assert!(polled.is_pending());
        }
        assert_eq!(*asked.lock().expect("no panic"), 1);
        tokio::spawn(async move { sender.send(7) });
        assert_eq!(seldom.await, Ok(7));
        assert_eq!(*asked.lock().expect("no panic"), 2);
    }

    #[tokio::test]
    async fn it_follows_to_another_task() {
        let (sender, news) = oneshot::channel();
        let mut seldom = Seldom::new(news);
        let polled = poll_fn(|cx| Poll::Ready(Pin::new(&mut seldom).poll(cx))).await;
        assert!(polled.is_pending());
        let elsewhere = tokio::spawn(seldom);
        tokio::task::yield_now().await;
        sender.send(7).expect("it waits");
        assert_eq!(elsewhere.await.expect("no panic"), Ok(7));
    }
}
